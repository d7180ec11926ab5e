import { describe, expect, test } from 'bun:test'
import { modelNames } from './model-name.ts'
import { BASE_BOOK, priceOf, TABLE_BOOK } from './price-book.ts'
import { ALIASES } from './prices/aliases.ts'
import { FEED } from './prices/feed.ts'
import { PRICE_TABLE } from './prices/price-table.ts'

const AT_MS = Date.UTC(2026, 10, 25, 12)
const NANO = 1_000_000_000

function shown(model: string, atMs = AT_MS): string | undefined {
  const price = priceOf(BASE_BOOK, model, atMs)
  if (price === undefined) return undefined
  const { rates, steps } = price.plans.standard
  const usd = [rates, ...steps.map((step) => step.rates)].map(
    ({ inputNanoPerMTok, outputNanoPerMTok }) => `${inputNanoPerMTok / NANO}/${outputNanoPerMTok / NANO}`,
  )
  return `${price.model} ${usd[0]}${usd.length > 1 ? ` [${usd.slice(1).join(' ')}]` : ''}`
}

describe('the price table', () => {
  test('has its 173 rows, each once', () => {
    expect(PRICE_TABLE).toHaveLength(173)
    expect(new Set(PRICE_TABLE.map((line) => line.split(' ')[0])).size).toBe(173)
  })

  test.each([...PRICE_TABLE])('%s, whatever fresher data says', (line) => {
    expect(shown(line.split(' ')[0] ?? '')).toBe(line)
  })

  test('aliases point at rows that are there, and none bears the name of a row', () => {
    for (const [alias, row] of Object.entries(ALIASES)) {
      expect(TABLE_BOOK.rows.has(row)).toBe(true)
      expect(TABLE_BOOK.rows.has(alias)).toBe(false)
    }
  })
})

describe('names that are charged by another row', () => {
  test.each([
    ['claude-sonnet-4-20250514', 'claude-sonnet-4-0 3/15 [6/22.5]'],
    ['claude-opus-4-20250514', 'claude-opus-4-0 15/75'],
    ['claude-opus-4-5-20251101', 'claude-opus-4-5 5/25'],
    ['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet 3/15'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5 3/15 [6/22.5]'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5 3/15 [6/22.5]'],
    ['claude-sonnet-4-5-20250929-thinking', 'claude-sonnet-4-5 3/15 [6/22.5]'],
    ['gemini-claude-sonnet-4-5-thinking', 'claude-sonnet-4-5 3/15 [6/22.5]'],
    ['chatgpt-4o-latest', 'gpt-4o-legacy 5/15'],
    ['gpt-4o-2024-05-13', 'gpt-4o-2024-05-13 5/15'],
    ['gpt-4-0613', 'gpt-4 30/60'],
    ['gpt-4-1106-preview', 'gpt-4-turbo 10/30'],
    ['gpt-3.5-turbo-0613', 'gpt-3.5-legacy 1.5/2'],
    ['gpt-5.1-codex-mini-2025-11-13', 'gpt-5.1-codex-mini 0.25/2'],
    ['gemini-2.5-pro-preview-06-05', 'gemini-2.5-pro 1.25/10 [2.5/15]'],
    ['gemini-3-pro-preview', 'gemini-3-pro 2/12 [4/18]'],
    ['deepseek-v3', 'deepseek-chat 0.3/1.2'],
    ['grok-beta', 'grok-3 3/15'],
    ['qwen-3-235b-a22b-instruct-2507', 'qwen3-235b-a22b-2507 0.071/0.463'],
    ['llama3.1-8b', 'llama-3.1-8b-instruct 0.015/0.02'],
    ['llama-3.3-70b', 'llama-3.3-70b-instruct 0.038/0.12'],
  ])('%s: %s', (model, expected) => {
    expect(shown(model)).toBe(expected)
  })
})

// W-14: wrong rows for names that the table has, or that only look different.
describe('nobody is billed by the price of another model', () => {
  test('o4-mini-deep-research costs its own 2/8, not the 10/40 of o3-deep-research', () => {
    expect(shown('o4-mini-deep-research')).toBe('o4-mini-deep-research 2/8')
  })

  test.each(['gpt-5.2-codex', 'gpt-5.2-2025-12-11', 'gpt-5.2-chat', 'openai/gpt-5.2-high', 'gpt-5-2'])(
    '%s is a GPT-5.2, not the cheaper GPT-5',
    (model) => {
      expect(shown(model)).toBe('gpt-5.2 1.75/14')
    },
  )

  test.each(['GLM-4.6', 'glm-4.6-fp8', 'zai-org/GLM-4.6', 'z-ai/glm-4.6:thinking', 'zai-glm-4.6'])(
    '%s is a GLM',
    (model) => {
      expect(shown(model)).toBe('glm-4.6 0.6/2.2')
    },
  )

  test.each(['anthropic/claude-opus-4-5', 'Claude-Opus-4.5', 'CLAUDE-OPUS-4-5-20251101'])('%s has a price', (model) => {
    expect(shown(model)).toBe('claude-opus-4-5 5/25')
  })

  test('embeddings have a price', () => {
    expect(shown('text-embedding-3-small')).toBe('text-embedding-3-small 0.02/0')
  })
})

describe('a model without a price', () => {
  test.each(['', '*', 'my-model', 'gpt', 'gpt-5.7', 'gpt-5.3-pro', 'grok-9', 'constructor', '__proto__', 'command-x9'])(
    '%j is unpriced, which is not the same as free',
    (model) => {
      expect(priceOf(BASE_BOOK, model, AT_MS)).toBeUndefined()
    },
  )

  test('a model that costs nothing has a price of 0', () => {
    expect(shown('glm-4.5-flash')).toBe('glm-4.5-flash 0/0')
  })

  test('thousands of invented names are forgotten again', () => {
    for (let n = 0; n < 5_000; n++) priceOf(TABLE_BOOK, `invented-${n}`, AT_MS)
    expect(TABLE_BOOK.found.size).toBeLessThanOrEqual(2_000)
  })
})

describe('what cached tokens cost', () => {
  test.each([
    ['claude-opus-4-1', 10],
    ['gemini-2.5-pro', 10],
    ['deepseek-chat', 10],
    ['gpt-5-mini', 10],
    ['gpt-4.1', 25],
    ['o3', 25],
    ['o4-mini', 25],
    ['codex-mini-latest', 25],
    ['o3-mini', 50],
    ['o1', 50],
    ['gpt-4o', 50],
    ['gpt-4-turbo', 50],
  ])('%s: %p %% of the input when read', (model, percent) => {
    const rates = priceOf(BASE_BOOK, model, AT_MS)!.plans.standard.rates
    expect(rates.cacheReadNanoPerMTok).toBe((rates.inputNanoPerMTok * percent) / 100)
  })

  test('writing costs 1.25 times the input for five minutes and twice for an hour', () => {
    const { rates } = priceOf(BASE_BOOK, 'claude-sonnet-4-5', AT_MS)!.plans.standard
    expect([rates.cacheWrite5mNanoPerMTok, rates.cacheWrite1hNanoPerMTok]).toEqual([3.75 * NANO, 6 * NANO])
  })

  test.each(['gpt-5', 'gpt-5.5', 'gpt-4o', 'o3'])('%s takes nothing on top of the input for writing', (model) => {
    const { rates } = priceOf(BASE_BOOK, model, AT_MS)!.plans.standard
    expect(rates.cacheWrite5mNanoPerMTok).toBe(rates.inputNanoPerMTok)
    expect(rates.cacheWrite1hNanoPerMTok).toBe(rates.inputNanoPerMTok)
  })

  test('from GPT-5.6 on it does', () => {
    const { rates } = priceOf(BASE_BOOK, 'gpt-5.6-sol', AT_MS)!.plans.standard
    expect([rates.inputNanoPerMTok, rates.cacheWrite5mNanoPerMTok]).toEqual([4 * NANO, 5 * NANO])
  })
})

describe('prices that change', () => {
  test('on a day', () => {
    expect(shown('gemini-3.8-flash', Date.UTC(2026, 11, 31, 23, 59, 59, 999))).toBe('gemini-3.8-flash 0.75/3.75')
    expect(shown('gemini-3.8-flash', Date.UTC(2027, 0, 1))).toBe('gemini-3.8-flash 1.5/7.5')
  })

  test.each([
    ['00:59', '0.66/1.98'],
    ['01:00', '1.32/3.96'],
    ['03:59', '1.32/3.96'],
    ['04:00', '0.66/1.98'],
    ['09:59', '1.32/3.96'],
    ['10:00', '0.66/1.98'],
  ])('by the hour: DeepSeek V4 Pro at %s UTC', (time, expected) => {
    expect(shown('deepseek-v4-pro', Date.parse(`2026-11-25T${time}:30Z`))).toBe(`deepseek-v4-pro ${expected}`)
  })
})

describe('the price data', () => {
  test('says how old it is', () => {
    expect(BASE_BOOK.dataDate).toBe(FEED.dataDate)
    expect(FEED.dataDate).toMatch(/^20\d\d-\d\d-\d\d$/)
  })

  test('repeats no row of the table', () => {
    for (const name of Object.keys(FEED.rows)) {
      expect(modelNames(name).filter((form) => TABLE_BOOK.rows.has(form))).toEqual([])
    }
  })

  test('every name of it finds a price, aliases too', () => {
    for (const [name, row] of Object.entries(FEED.aliases)) {
      expect([name, priceOf(BASE_BOOK, name, AT_MS)?.model]).toEqual([name, row])
    }
    for (const name of Object.keys(FEED.rows)) expect(priceOf(BASE_BOOK, name, AT_MS)?.model).toBe(name)
  })
})
