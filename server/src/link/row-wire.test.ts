import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { LogRow } from '../ports/attempt-log.ts'
import { packRow, unpackRows } from './row-wire.ts'

const ROW: LogRow = {
  attemptId: 'r-0',
  requestId: 'r',
  attemptNo: 0,
  timeMs: 1_764_000_000_123,
  model: 'claude-sonnet-4-5',
  actualModel: '',
  channelId: 3,
  statusCode: 200,
  message: 'ok',
  durationMs: 12.5,
  streaming: true,
  firstByteMs: 3.25,
  apiKeyUsed: 'sk-1...abcd',
  tokenId: 7,
  clientIp: '::1',
  inputTokens: 10,
  outputTokens: 20,
  cacheReadTokens: 1,
  cacheWriteTokens: 2,
  cacheWrite5mTokens: 3,
  cacheWrite1hTokens: 4,
  reasoningTokens: 5,
  usageState: 'seen',
  costNanoUsd: 6,
  path: '/v1/messages',
  bytesSent: 99,
}

test('a batch of rows arrives as it was sent, whatever words are in it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (words) => {
      const rows = words.map((message) => ({ ...ROW, message, model: message, path: message }))
      expect(unpackRows(`[${rows.map(packRow).join(',')}]`)).toEqual(rows)
    }),
  )
})

test('numbers arrive as they were, and one that is none spoils no other row', () => {
  const numbers = fc.record({
    timeMs: fc.nat(),
    durationMs: fc.double(),
    firstByteMs: fc.double(),
    bytesSent: fc.maxSafeNat(),
  })
  fc.assert(
    fc.property(numbers, (some) => {
      const row = { ...ROW, ...some }
      const [read, other] = unpackRows(`[${packRow(row)},${packRow(ROW)}]`)
      const shown = (value: number): number | undefined => (Number.isFinite(value) ? value + 0 : undefined)
      expect([read?.durationMs, read?.firstByteMs]).toEqual([shown(some.durationMs), shown(some.firstByteMs)])
      expect([read?.timeMs, read?.bytesSent, other]).toEqual([some.timeMs, some.bytesSent, ROW])
    }),
  )
  for (const field of ['outputTokens', 'costNanoUsd', 'statusCode', 'cacheReadTokens', 'attemptNo'] as const)
    expect(unpackRows(`[${packRow({ ...ROW, [field]: Number.NaN })}]`)).toEqual([{ ...ROW, [field]: undefined }])
})

test('every field of a row arrives as itself, also those that few rows have', () => {
  const full: Required<LogRow> = {
    ...{
      ...ROW,
      decision: '{"skips":[]}',
      terms: { multiplier: 0.5, webSearches: 2, isClamped: true, serviceTier: 'flex' },
    },
    costParts: {
      parts: [{ what: 'output', count: 20, usdPerUnit: 15 }],
      ...{ multiplier: 0.5, tier: 'flex', isLongContext: true, pricedAs: 'm', isClamped: true, isEstimated: false },
      isUnpriced: false,
    },
  }
  expect(unpackRows(`[${packRow(full)}]`)).toEqual([full])
  for (const [field, value] of Object.entries(full)) {
    const alone = { [field]: value } as unknown as LogRow
    expect(unpackRows(`[${packRow(alone)}]`)).toEqual([alone])
  }
})

test('what a row does not say is not said on arrival either', () => {
  const partial = { attemptId: 'r-0' } as LogRow
  expect(unpackRows(`[${packRow(partial)}]`)).toEqual([partial])
  expect(unpackRows('[]')).toEqual([])
})
