import { describe, expect, test } from 'bun:test'
import { USUAL_TERMS } from '../core/cost-parts.ts'
import { BASE_BOOK, type PriceBook } from '../core/price-book.ts'
import { withOverrides } from '../core/price-overrides.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import { Pricing } from './pricing.ts'

const ROW: LogRow = {
  ...{ attemptId: 'a', requestId: 'r', attemptNo: 0, timeMs: Date.UTC(2026, 10, 25), model: 'claude-sonnet-4-5' },
  ...{ actualModel: '', channelId: 1, statusCode: 200, message: 'ok', durationMs: 1, streaming: false, firstByteMs: 0 },
  ...{ apiKeyUsed: '', tokenId: 1, clientIp: '', inputTokens: 1_000, outputTokens: 500, cacheReadTokens: 0 },
  ...{ cacheWriteTokens: 0, cacheWrite5mTokens: 0, cacheWrite1hTokens: 0, reasoningTokens: 0, usageState: 'seen' },
  ...{ costNanoUsd: 0, path: '/v1/messages', bytesSent: 1 },
}

function priced(row: Partial<LogRow>, book: PriceBook = BASE_BOOK): LogRow {
  const [one] = new Pricing(() => book).priced([{ ...ROW, ...row }])
  if (!one) throw new Error('no row')
  return one
}

describe('what a row costs', () => {
  test('its tokens by the price of its model', () => {
    expect(priced({})).toMatchObject({ costNanoUsd: 10_500_000, costParts: { multiplier: 1, isUnpriced: false } })
  })

  test('the model that was asked upstream is the one that is paid for', () => {
    expect(priced({ actualModel: 'claude-haiku-4-5' }).costNanoUsd).toBe(3_500_000)
    expect(priced({ model: 'anything', actualModel: 'claude-haiku-4-5' }).costParts?.pricedAs).toBeUndefined()
  })

  test('a model that is priced by its family says which', () => {
    expect(priced({ model: 'gpt-5.2-codex-of-mine' }).costParts?.pricedAs).toStartWith('gpt-5.2')
  })

  test('a failed attempt that has used something is charged', () => {
    expect(priced({ statusCode: 499 }).costNanoUsd).toBe(10_500_000)
  })

  test('nothing is charged and nothing said where nothing was used', () => {
    const nothing = { inputTokens: 0, outputTokens: 0 }
    expect(priced({ ...nothing, terms: { ...USUAL_TERMS, multiplier: 2 } }).costParts).toBeUndefined()
    expect(priced({ ...nothing, terms: { ...USUAL_TERMS, isClamped: true } }).costParts).toMatchObject({
      isClamped: true,
    })
  })

  test('a model without a price costs nothing and is flagged, never silently free', () => {
    expect(priced({ model: 'house-model' })).toMatchObject({ costNanoUsd: 0, costParts: { isUnpriced: true } })
    expect(priced({ model: 'glm-4.5-flash' })).toMatchObject({ costNanoUsd: 0, costParts: { isUnpriced: false } })
  })

  test('a row keeps the cost that it has, whatever prices become', () => {
    const once = priced({})
    const dearer = withOverrides(BASE_BOOK, [{ model: ROW.model, inputUsdPerMTok: 30, outputUsdPerMTok: 150 }])
    if (!dearer.ok) throw new Error(dearer.reasons.join())
    expect(priced({}, dearer.book).costNanoUsd).toBe(105_000_000)
    expect(priced(once, dearer.book)).toEqual(once)
    const free = priced({ terms: { ...USUAL_TERMS, multiplier: 0 } })
    expect(free.costNanoUsd).toBe(0)
    expect(priced(free, dearer.book).costNanoUsd).toBe(0)
  })

  test('impossible terms cost what is possible, and are flagged', () => {
    for (const multiplier of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e9]) {
      const { costNanoUsd, costParts } = priced({ terms: { ...USUAL_TERMS, multiplier } })
      expect(Number.isSafeInteger(costNanoUsd) && costNanoUsd >= 0).toBe(true)
      expect(costParts?.isClamped).toBe(true)
    }
  })
})
