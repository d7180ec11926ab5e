import { describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { displayName, type ModelListDialect, modelList, modelListDialect } from './model-list.ts'

const MODELS = ['claude-sonnet-4-5-20250929', 'gemini-2.5-flash', 'gpt-4.1']
const answerOf = (dialect: ModelListDialect) => async () =>
  new Response(modelList(dialect, MODELS), { headers: { 'content-type': 'application/json' } })

describe('the list of models', () => {
  test('OpenAI dialect, exactly', () => {
    expect(JSON.parse(modelList('openai', ['gpt-4.1']))).toEqual({
      object: 'list',
      data: [{ id: 'gpt-4.1', object: 'model', created: 0, owned_by: 'system' }],
    })
    expect(modelList('openai', [])).toBe('{"object":"list","data":[]}')
  })

  test('Anthropic dialect, exactly', () => {
    expect(JSON.parse(modelList('anthropic', ['claude-haiku-4-5']))).toEqual({
      data: [
        { type: 'model', id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4 5', created_at: '1970-01-01T00:00:00Z' },
      ],
      has_more: false,
      first_id: 'claude-haiku-4-5',
      last_id: 'claude-haiku-4-5',
    })
    expect(JSON.parse(modelList('anthropic', []))).toEqual({ data: [], has_more: false, first_id: null, last_id: null })
  })

  test('Gemini dialect, exactly', () => {
    expect(JSON.parse(modelList('gemini', ['gemini-2.5-flash']))).toEqual({
      models: [
        {
          name: 'models/gemini-2.5-flash',
          displayName: 'Gemini 2.5 Flash',
          supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
        },
      ],
    })
  })

  test('each official SDK lists what it is sent, in order', async () => {
    const listed: Record<ModelListDialect, string[]> = { openai: [], anthropic: [], gemini: [] }
    const options = { apiKey: 'x', baseURL: 'http://gateway.test', maxRetries: 0 }
    for await (const model of new OpenAI({ ...options, fetch: answerOf('openai') }).models.list())
      listed.openai.push(model.id)
    for await (const model of new Anthropic({ ...options, fetch: answerOf('anthropic') }).models.list())
      listed.anthropic.push(model.id)
    const google = new GoogleGenAI({
      apiKey: 'x',
      httpOptions: { baseUrl: options.baseURL, fetch: answerOf('gemini') },
    })
    for await (const model of await google.models.list()) listed.gemini.push(model.name ?? '')
    expect(listed).toEqual({ openai: MODELS, anthropic: MODELS, gemini: MODELS.map((model) => `models/${model}`) })
  })
})

describe('whose list it is', () => {
  test.each<[Record<string, string>, string, ModelListDialect]>([
    [{}, '/v1/models', 'openai'],
    [{ authorization: 'Bearer x' }, '/v1/models', 'openai'],
    [{ 'x-api-key': 'x', 'anthropic-version': '2023-06-01' }, '/v1/models', 'anthropic'],
    [{ 'x-api-key': 'x' }, '/v1/models', 'openai'],
    [{ 'x-goog-api-key': 'x' }, '/v1/models', 'gemini'],
    [{ 'x-goog-api-client': 'google-genai-sdk/1.0' }, '/v1/models', 'gemini'],
    [{}, '/v1beta/models', 'gemini'],
    [{ 'anthropic-version': '2023-06-01' }, '/v1beta/models', 'gemini'],
    [{}, '/v1betamax/models', 'openai'],
  ])('%p %s', (headers, path, dialect) => expect(modelListDialect(new Headers(headers), path)).toBe(dialect))
})

test.each([
  ['gemini-2.5-flash', 'Gemini 2.5 Flash'],
  ['claude-sonnet-4-5-20250929', 'Claude Sonnet 4 5'],
  ['gemini-2.5-pro-0506', 'Gemini 2.5 Pro 0506'],
  ['gpt4', 'Gpt4'],
  ['über-模型', 'über 模型'],
  ['20250929', ''],
])('%s is shown as "%s"', (id, shown) => expect(displayName(id)).toBe(shown))
