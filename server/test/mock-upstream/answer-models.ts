import { CREATED_S } from './say.ts'

const MODELS = ['claude-mock', 'gpt-mock', 'gemini-mock'] as const

export type Dialect = 'openai' | 'anthropic' | 'gemini'

/**
 * The list of models in the dialect of who asks: the three vendors share the path.
 *
 * @param id  One model only; `undefined` for all.
 */
export function modelsAnswer(dialect: Dialect, id: string | undefined): string {
  const make = ONE[dialect]
  if (id !== undefined) return JSON.stringify(make(id))
  const all = MODELS.map(make)
  if (dialect === 'gemini') return JSON.stringify({ models: all })
  if (dialect === 'openai') return JSON.stringify({ object: 'list', data: all })
  return JSON.stringify({ data: all, first_id: MODELS[0], has_more: false, last_id: MODELS.at(-1) })
}

const ONE: Readonly<Record<Dialect, (id: string) => object>> = {
  openai: (id) => ({ id, object: 'model', created: CREATED_S, owned_by: 'mock' }),
  anthropic: (id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }),
  gemini: (id) => ({
    name: `models/${id}`,
    version: '001',
    displayName: id,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  }),
}
