// Every recorded answer, however it is cut and packed, costs exactly what its table says.
import { describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { Pricing } from '../../src/control/pricing.ts'
import { completeUsage } from '../../src/core/complete-usage.ts'
import type { JsonSample } from '../../src/core/count-tokens/estimate-json.ts'
import { BASE_BOOK } from '../../src/core/price-book.ts'
import { type Usage, usageStateOf } from '../../src/core/usage.ts'
import type { LogRow } from '../../src/ports/attempt-log.ts'
import { watchLarge } from '../../src/protocol/large-answer.ts'
import { type StreamWatch, watchStream } from '../../src/protocol/stream-watch.ts'
import { seenUsage } from '../../src/proxy/seen-usage.ts'
import { type Encoding, sideDecoder } from '../../src/proxy/side-decoder.ts'
import { judgeWhole } from '../../src/proxy/whole.ts'
import { RECORDED_ANSWERS, type RecordedAnswer } from './recorded-answers.ts'

const AT_MS = Date.UTC(2026, 10, 25, 12)
const MAX_EVENT_BYTES = 1024 * 1024
/** What is thought of the request, for answers that do not say it. */
const PROMPT_TOKENS = 100

const ENCODERS = {
  identity: (bytes: Uint8Array) => bytes,
  gzip: (bytes: Uint8Array) => gzipSync(bytes),
  deflate: (bytes: Uint8Array) => deflateSync(bytes),
  br: (bytes: Uint8Array) => brotliCompressSync(bytes),
  zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
} as const satisfies Record<Encoding, (bytes: Uint8Array) => Uint8Array>
const ENCODINGS = Object.keys(ENCODERS) as Encoding[]

const bytesOf = ({ text }: RecordedAnswer): Uint8Array => new TextEncoder().encode(text)

function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const within = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  return [...within, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : within[index - 1], end))
}

/** As a relay does it: decoded on the side, looked at chunk by chunk. */
async function watched(watch: StreamWatch, chunks: readonly Uint8Array[], encoding: Encoding): Promise<StreamWatch> {
  const decoder = encoding === 'identity' ? undefined : sideDecoder(encoding, (chunk) => watch.push(chunk))
  for (const chunk of chunks) {
    if (decoder) await decoder.feed(chunk)
    else watch.push(chunk)
  }
  await decoder?.end()
  watch.end()
  expect(watch.blindness).toBeUndefined()
  return watch
}

function streamed(answer: RecordedAnswer, chunks: readonly Uint8Array[], encoding: Encoding): Promise<Usage> {
  const watch = watchStream(answer.api, MAX_EVENT_BYTES)
  return watched(watch, chunks, encoding).then(() => usageSeen(answer, watch))
}

function usageSeen({ api }: RecordedAnswer, watch: StreamWatch): Usage {
  return seenUsage({ api, prompt: { tokens: () => PROMPT_TOKENS } as unknown as JsonSample }, watch)
}

async function whole({ api }: RecordedAnswer, body: Uint8Array, encoding: Encoding): Promise<Usage> {
  const look = { api, encoding, contentType: 'application/json', softErrorTexts: [], holdBytes: 1024 * 1024 }
  const { failure, usage, outputGuess } = await judgeWhole(body, look)
  expect(failure).toBeUndefined()
  if (outputGuess === undefined) return usage
  return completeUsage(usage, { inputTokens: PROMPT_TOKENS, outputTokens: outputGuess, isBroken: false })
}

function rowOf({ model, multiplier = 1 }: RecordedAnswer, usage: Usage): LogRow {
  const { serviceTier, webSearches = 0, isClamped } = usage
  return {
    ...{ attemptId: 'a', requestId: 'r', attemptNo: 0, timeMs: AT_MS, model, actualModel: '', channelId: 1 },
    ...{ statusCode: 200, message: 'ok', durationMs: 1, streaming: false, firstByteMs: 0, apiKeyUsed: '', tokenId: 0 },
    ...{ clientIp: '', path: '/', bytesSent: 0, costNanoUsd: 0, usageState: usageStateOf(usage) },
    inputTokens: usage.inputTokens ?? 0,
    outputTokens: usage.outputTokens ?? 0,
    cacheReadTokens: usage.cacheReadTokens ?? 0,
    cacheWriteTokens: usage.cacheWriteTokens ?? 0,
    cacheWrite5mTokens: usage.cacheWrite5mTokens ?? 0,
    cacheWrite1hTokens: usage.cacheWrite1hTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    terms: { multiplier, webSearches, isClamped: isClamped === true, ...(serviceTier && { serviceTier }) },
  }
}

const pricing = new Pricing(() => BASE_BOOK)

function charged(answer: RecordedAnswer, usage: Usage): LogRow {
  const [row] = pricing.priced([rowOf(answer, usage)])
  if (row === undefined) throw new Error('no row')
  return row
}

const CASES = RECORDED_ANSWERS.map((answer) => [answer.name, answer] as const)

describe('a recorded answer', () => {
  test('there are enough of them, and no two have the same name', () => {
    expect(RECORDED_ANSWERS.length).toBeGreaterThanOrEqual(60)
    expect(new Set(RECORDED_ANSWERS.map(({ name }) => name)).size).toBe(RECORDED_ANSWERS.length)
  })

  test.each(CASES)('%s has its usage and its cost', async (_name, answer) => {
    const bytes = bytesOf(answer)
    const usage =
      answer.form === 'json' ? await whole(answer, bytes, 'identity') : await streamed(answer, [bytes], 'identity')
    expect(usage).toStrictEqual(answer.usage)
    const { costNanoUsd, costParts } = charged(answer, usage)
    expect(costNanoUsd).toBe(answer.nanoUsd)
    expect(costParts).toMatchObject({
      isUnpriced: answer.isUnpriced === true,
      isEstimated: usage.isEstimated === true,
      isClamped: usage.isClamped === true,
      multiplier: answer.multiplier ?? 1,
    })
  })

  test.each(CASES)('%s is the same in every encoding', async (_name, answer) => {
    for (const encoding of ENCODINGS) {
      const body = ENCODERS[encoding](bytesOf(answer))
      const usage =
        answer.form === 'json' ? await whole(answer, body, encoding) : await streamed(answer, [body], encoding)
      expect(usage).toStrictEqual(answer.usage)
    }
  })

  test.each(CASES)('%s is the same wherever it is cut', async (_name, answer) => {
    const encodings = fc.constantFrom(...ENCODINGS)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 65_536 }), { maxLength: 12 }), encodings, async (places, encoding) => {
        const chunks = cutAt(ENCODERS[encoding](bytesOf(answer)), places)
        if (answer.form === 'stream') {
          expect(await streamed(answer, chunks, encoding)).toStrictEqual(answer.usage)
          return
        }
        // One that is too large to be held: counts are the same, estimates come from another place.
        const { usage } = await watched(watchLarge(answer.api, MAX_EVENT_BYTES), chunks, encoding)
        const { inputTokens, outputTokens } = answer.usage
        const known = answer.usage.isEstimated
          ? {}
          : { inputTokens, ...(answer.api !== 'embeddings' && { outputTokens }) }
        expect(usage).toMatchObject(known)
        expect(usage.webSearches).toBe(answer.usage.webSearches)
        expect(usage.serviceTier).toBe(answer.usage.serviceTier)
        expect(usage.isClamped).toBe(answer.usage.isClamped)
        expect(usage.cacheReadTokens).toBe(answer.usage.cacheReadTokens)
        expect(usage.cacheWrite1hTokens).toBe(answer.usage.cacheWrite1hTokens)
      }),
      { numRuns: 15 },
    )
  })
})
