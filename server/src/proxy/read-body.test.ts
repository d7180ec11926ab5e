import { beforeEach, describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { plainPage } from '../link/page-file.ts'
import type { SharedPage } from '../link/shared-page.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { Client } from './exchange.ts'
import { type BodyResult, readBody, releaseBody } from './read-body.ts'

const MAX_BYTES = 1_000_000
const BUDGET_BYTES = 6_000_000
const IDLE_MS = 30_000
const TOTAL_MS = 600_000
const SLOWEST_BYTES_PER_MS = 8

let shared: SharedPage
let clock: ReturnType<typeof fakeDeadlines>
beforeEach(() => {
  shared = plainPage(0)
  clock = fakeDeadlines()
})

/** Time that passes when the test says so. */
function fakeDeadlines() {
  const watched = new Set<Deadline>()
  const state = { nowMs: 0 }
  const deadlines: Deadlines = {
    watch: (deadline) => void watched.add(deadline),
    drop: (deadline) => void watched.delete(deadline),
    monoMs: () => state.nowMs,
  }
  return {
    deadlines,
    watched,
    pass(ms: number) {
      state.nowMs += ms
      for (const deadline of [...watched]) {
        if (deadline.atMs > state.nowMs) continue
        watched.delete(deadline)
        deadline.expire()
      }
    },
  }
}

type Upload = {
  readonly result: Promise<BodyResult>
  readonly timersLifted: () => number
  push(bytes: Uint8Array): Promise<void>
  end(): Promise<void>
  fail(): Promise<void>
  readonly cancelled: () => boolean
}

/** A body that arrives when the test says so. @param length  `undefined` = chunked. */
function upload(length: number | undefined, headers: Record<string, string> = {}): Upload {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isCancelled = false
  let lifted = 0
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given
    },
    cancel() {
      isCancelled = true
    },
  })
  const framing: Record<string, string> =
    length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }
  const request = {
    headers: new Headers({ ...framing, ...headers }),
    body,
    bytes: () => new Response(body).bytes(),
  } as unknown as Request
  const client = { request, ownTimers: () => lifted++ } as unknown as Client
  const result = readBody(client, depsOf(BUDGET_BYTES), MAX_BYTES)
  return {
    result,
    timersLifted: () => lifted,
    cancelled: () => isCancelled,
    async push(bytes) {
      controller?.enqueue(bytes)
      await turns()
    },
    async end() {
      controller?.close()
      await turns()
    },
    async fail() {
      controller?.error(new Error('ECONNRESET'))
      await turns()
    },
  }
}

const depsOf = (maxBufferedBytes: number) => ({ shared, deadlines: clock.deadlines, limits: { maxBufferedBytes } })

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes)

async function failureOf({ result }: Upload): Promise<unknown> {
  const read = await result
  return read.ok ? 'no failure' : read.failure
}

async function bytesOf({ result }: Upload): Promise<number> {
  const read = await result
  if (!read.ok) throw new Error(read.failure.kind)
  return read.body.bytes.length
}

describe('a body that comes whole', () => {
  test('small or large, announced or not, is what was sent, and its memory is held until it is released', async () => {
    for (const [length, size] of [
      [10, 10],
      [700_000, 700_000],
      [undefined, 900_000],
      [undefined, 0],
    ] as const) {
      const one = upload(length)
      if (size > 0) await one.push(zeros(size))
      await one.end()
      const read = await one.result
      if (!read.ok) throw new Error(read.failure.kind)
      expect(read.body.bytes.length).toBe(size)
      expect(shared.reservedBytes()).toBeGreaterThanOrEqual(size)
      releaseBody(shared, read.body)
      releaseBody(shared, read.body) // a second time gives nothing back twice
      expect([shared.reservedBytes(), clock.watched.size]).toEqual([0, 0])
    }
  })

  test('none at all costs no memory and no timer', async () => {
    for (const headers of [new Headers({ 'content-length': '0' }), new Headers()]) {
      const client = { request: { headers } as Request, ownTimers: () => expect.unreachable() } as unknown as Client
      const read = await readBody(client, depsOf(0), MAX_BYTES)
      expect(read.ok && read.body.bytes.length).toBe(0)
    }
  })

  test('encoded, it is kept as it came and read decoded', async () => {
    const bytes = gzipSync(zeros(100_000))
    const one = upload(bytes.length, { 'content-encoding': 'gzip' })
    await one.push(bytes)
    await one.end()
    const read = await one.result
    expect(read.ok && [read.body.bytes.length, read.body.plain.length]).toEqual([bytes.length, 100_000])
  })
})

describe('a body that is too large', () => {
  test('by its own word is refused before a byte of it is read', async () => {
    const one = upload(MAX_BYTES + 1)
    expect(await failureOf(one)).toEqual({ kind: 'body-too-large', maxBytes: MAX_BYTES })
    expect([one.timersLifted(), shared.reservedBytes()]).toEqual([0, 0])
  })

  test('without a word is refused at the byte that passes the limit, not one earlier', async () => {
    const fits = upload(undefined)
    await fits.push(zeros(MAX_BYTES))
    await fits.end()
    expect(await bytesOf(fits)).toBe(MAX_BYTES)
    const one = upload(undefined)
    await one.push(zeros(MAX_BYTES))
    await one.push(zeros(1))
    expect(await failureOf(one)).toMatchObject({ kind: 'body-too-large' })
    expect(one.cancelled()).toBe(true)
  })

  test('only when decoded is refused, and a bomb never costs what it claims', async () => {
    const bomb = gzipSync(zeros(50_000_000))
    const one = upload(bomb.length, { 'content-encoding': 'gzip' })
    await one.push(bomb)
    await one.end()
    expect(await failureOf(one)).toMatchObject({ kind: 'body-too-large' })
    expect(shared.reservedBytes()).toBe(0)
  })

  test.each(['-5', 'abc', '1e3', '0x10', '10, 10', ' '])(
    'a length of "%s" reserves no memory that is never given back',
    async (length) => {
      const one = upload(undefined, { 'content-length': length })
      await one.push(zeros(10))
      await one.end()
      const read = await one.result
      if (read.ok) releaseBody(shared, read.body)
      expect([shared.reservedBytes(), clock.watched.size]).toEqual([0, 0])
    },
  )
})

describe('when memory is short', () => {
  test('a body is refused before it is read, with a time to come back, and the refusal holds nothing', async () => {
    shared.reserveBytes(BUDGET_BYTES - 100_000, BUDGET_BYTES)
    const one = upload(500_000)
    expect(await failureOf(one)).toMatchObject({ kind: 'busy', why: 'memory', retryAfterMs: 5_000 })
    expect(one.timersLifted()).toBe(0)
    expect(shared.reservedBytes()).toBeLessThan(BUDGET_BYTES - 90_000)
  })

  test('a growing body is refused where memory ends, and gives back what it had', async () => {
    shared.reserveBytes(BUDGET_BYTES - 800_000, BUDGET_BYTES)
    const before = shared.reservedBytes()
    const one = upload(undefined)
    await one.push(zeros(200_000))
    await one.push(zeros(300_000))
    expect(await failureOf(one)).toMatchObject({ kind: 'busy', why: 'memory' })
    expect([shared.reservedBytes(), one.cancelled()]).toEqual([before, true])
  })
})

describe('a body that does not arrive', () => {
  test('for half a minute, and the time that a slow line takes for it, is given up, small or large', async () => {
    for (const length of [1_000, 700_000, undefined]) {
      const one = upload(length)
      await one.push(zeros(500))
      clock.pass(IDLE_MS + (length ?? 0) / SLOWEST_BYTES_PER_MS + 1)
      expect(await failureOf(one)).toMatchObject({ kind: 'body-timeout' })
      expect([shared.reservedBytes(), clock.watched.size]).toEqual([0, 0])
    }
  })

  test('but comes slowly and steadily is waited for, up to ten minutes', async () => {
    const one = upload(undefined)
    for (let at = 0; at < 20; at++) {
      await one.push(zeros(10))
      clock.pass(IDLE_MS - 1_000)
    }
    let isOver = false
    void one.result.then(() => {
      isOver = true
    })
    await turns()
    expect(isOver).toBe(false)
    await one.push(zeros(10))
    clock.pass(TOTAL_MS - 20 * (IDLE_MS - 1_000) + 1)
    expect(await failureOf(one)).toMatchObject({ kind: 'body-timeout' })
  })

  // 200 KB over a line of 50 kbit/s take 32 s, and something arrives all the time.
  test('a small one that comes steadily is waited for as well as a large one', async () => {
    const one = upload(200_000)
    for (let at = 0; at < 8; at++) {
      await one.push(zeros(25_000))
      clock.pass(5_000)
    }
    await one.end()
    expect(await bytesOf(one)).toBe(200_000)
  })

  test('in time takes no memory any more, also when it comes after all', async () => {
    const one = upload(undefined)
    await one.push(zeros(100_000))
    clock.pass(IDLE_MS + 1)
    expect(await failureOf(one)).toMatchObject({ kind: 'body-timeout' })
    await one.push(zeros(500_000)).catch(() => {}) // it may have been cancelled by now
    await turns()
    expect(shared.reservedBytes()).toBe(0)
  })

  test('because its client is gone gives back what it had, and is nobody’s fault', async () => {
    for (const length of [1_000, 700_000, undefined]) {
      const one = upload(length)
      await one.push(zeros(500))
      await one.fail()
      expect(await failureOf(one)).toEqual({ kind: 'client-gone' })
      expect([shared.reservedBytes(), clock.watched.size]).toEqual([0, 0])
    }
  })
})

describe('an encoding that cannot be read', () => {
  test.each(['compress', 'gzip, br', 'aes128gcm'])('%s is refused in words', async (encoding) => {
    const one = upload(5, { 'content-encoding': encoding })
    await one.push(zeros(5))
    await one.end()
    expect(await failureOf(one)).toMatchObject({ kind: 'bad-request' })
    expect(shared.reservedBytes()).toBe(0)
  })

  test('broken and truncated data is the client’s mistake', async () => {
    for (const bytes of [new Uint8Array([1, 2, 3, 4]), gzipSync(zeros(1_000)).subarray(0, 12)]) {
      const one = upload(bytes.length, { 'content-encoding': 'gzip' })
      await one.push(bytes)
      await one.end()
      expect(await failureOf(one)).toMatchObject({ kind: 'bad-request' })
      expect(shared.reservedBytes()).toBe(0)
    }
  })
})
