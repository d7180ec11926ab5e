export type ModelListDialect = 'openai' | 'anthropic' | 'gemini'

const OPENAI_OWNER = 'system'
const UNKNOWN_DATE = '1970-01-01T00:00:00Z' // the field is required; what Anthropic sends for "not known"
const GEMINI_METHODS = ['generateContent', 'streamGenerateContent', 'countTokens']

/** Whose SDK is asking, by what it cannot help sending. */
export function modelListDialect(headers: Headers, path: string): ModelListDialect {
  if (path === '/v1beta' || path.startsWith('/v1beta/')) return 'gemini'
  if (headers.has('x-goog-api-key') || headers.has('x-goog-api-client')) return 'gemini'
  return headers.has('anthropic-version') ? 'anthropic' : 'openai'
}

/** The list of models as JSON. @param models Names in the order to show, without repeats. */
export function modelList(dialect: ModelListDialect, models: readonly string[]): string {
  switch (dialect) {
    case 'openai':
      return JSON.stringify({ object: 'list', data: models.map((id) => modelEntry('openai', id)) })
    case 'anthropic':
      return JSON.stringify({
        data: models.map((id) => modelEntry('anthropic', id)),
        has_more: false,
        first_id: models[0] ?? null,
        last_id: models[models.length - 1] ?? null,
      })
    case 'gemini':
      return JSON.stringify({ models: models.map((id) => modelEntry('gemini', id)) })
  }
}

/** One model, as in the list; also the answer to asking for it alone. */
export function modelEntry(dialect: ModelListDialect, id: string): Readonly<Record<string, unknown>> {
  switch (dialect) {
    case 'openai':
      return { id, object: 'model', created: 0, owned_by: OPENAI_OWNER }
    case 'anthropic':
      return { type: 'model', id, display_name: displayName(id), created_at: UNKNOWN_DATE }
    case 'gemini':
      return { name: `models/${id}`, displayName: displayName(id), supportedGenerationMethods: GEMINI_METHODS }
  }
}

const DATE_PART = /^\d{8}$/

/** `gemini-2.5-flash` -> `Gemini 2.5 Flash`; parts that are dates (eight digits) are left out. */
export function displayName(id: string): string {
  return id
    .split('-')
    .filter((part) => !DATE_PART.test(part))
    .map((part) => part.replace(/^[a-z]/, (letter) => letter.toUpperCase()))
    .join(' ')
}
