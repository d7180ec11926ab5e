import { beforeEach, describe, expect, test } from 'bun:test'
import type { Failure } from '../core/failure.ts'
import { watchStream } from '../protocol/stream-watch.ts'
import { AttemptClock } from './attempt-clock.ts'
import type { Deadline } from './deadlines.ts'
import { type Client, Exchange } from './exchange.ts'
import { Relay, type RelayLimits } from './relay.ts'

const FIRST_BYTE_MS = 5_000
const FIRST_CONTENT_MS = 20_000
const IDLE_MS = 30_000
const CLIENT_STALL_MS = 300_000

let nowMs = 0
let watched: Set<Deadline>
beforeEach(() => {
  nowMs = 0
  watched = new Set()
})

function pass(ms: number): void {
  nowMs += ms
  for (const deadline of [...watched]) {
    if (deadline.atMs > nowMs) continue
    watched.delete(deadline)
    deadline.expire()
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}

/** An upstream's body that says what the test says, and rejects when the exchange is aborted, as `fetch` does. */
function upstream(stop: AbortController) {
  const queue: (Uint8Array | 'end' | Error)[] = []
  const waiting: ((item: Uint8Array | 'end' | Error) => void)[] = []
  let cancelled = 0
  let reads = 0
  const put = (item: Uint8Array | 'end' | Error): void => {
    const waiter = waiting.shift()
    if (waiter) waiter(item)
    else queue.push(item)
  }
  stop.signal.addEventListener('abort', () => put(new Error('aborted')))
  return {
    put: (text: string) => put(new TextEncoder().encode(text)),
    end: () => put('end'),
    reset: () => put(Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
    cancelled: () => cancelled,
    reads: () => reads,
    reader: {
      async read() {
        reads++
        const item =
          queue.shift() ?? (await new Promise<Uint8Array | 'end' | Error>((resolve) => waiting.push(resolve)))
        if (item instanceof Error) throw item
        return item === 'end' ? { done: true } : { done: false, value: item }
      },
      async cancel() {
        cancelled++
      },
    },
  }
}

function open(limits: Partial<RelayLimits> = {}) {
  const stop = new AbortController()
  const clock = new AttemptClock(
    { watch: (one) => void watched.add(one), drop: (one) => void watched.delete(one), monoMs: () => nowMs },
    stop,
  )
  const source = upstream(stop)
  const endings: (Failure | undefined)[] = []
  const exchange = new Exchange('id', {} as Client, { wallMs: 0, monoMs: 0 })
  const relay = new Relay({
    api: 'messages',
    exchange,
    reader: source.reader,
    watch: watchStream('messages', 1_000_000),
    decoder: undefined,
    stop,
    clock,
    limits: {
      firstByteMs: FIRST_BYTE_MS,
      firstContentMs: FIRST_CONTENT_MS,
      idleMs: IDLE_MS,
      holdBytes: 100_000,
      ...limits,
    },
    isEncoded: false,
    ended: (failure) => void endings.push(failure),
  })
  return { relay, source, stop, endings, exchange }
}

const event = (data: { readonly type: string } & Record<string, unknown>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const START = event({
  type: 'message_start',
  message: { id: 'msg_1', role: 'assistant', content: [], usage: { input_tokens: 3, output_tokens: 1 } },
})
const PING = event({ type: 'ping' })
const CONTENT = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
const WORD = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } })
const STOP =
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }) +
  event({ type: 'message_stop' })
const OVERLOAD = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })

/** A client that has been given the stream and reads when the test says so. */
async function begun(limits: Partial<RelayLimits> = {}) {
  const all = open(limits)
  all.source.put(START + CONTENT)
  expect(await all.relay.untilContent()).toBe('content')
  const reader = all.relay.open().getReader() as ReadableStreamDefaultReader<Uint8Array>
  const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
  return { ...all, reader, text }
}

describe('before anything has reached the client', () => {
  test('pings and a beginning are no content: it is held back until there is some, and then comes whole', async () => {
    const { relay, source } = open()
    const shown = relay.untilContent()
    source.put(START)
    source.put(PING)
    await turns()
    expect(relay.held.length).toBe(2)
    source.put(CONTENT)
    expect(await shown).toBe('content')
    const reader = relay.open().getReader()
    let text = ''
    for (let at = 0; at < 3; at++) text += new TextDecoder().decode((await reader.read()).value as Uint8Array)
    expect(text).toBe(START + PING + CONTENT)
  })

  test.each([
    [
      'an error as first event',
      (source: ReturnType<typeof upstream>) => source.put(OVERLOAD),
      { kind: 'soft-error', errorType: 'overloaded_error' },
    ],
    ['nothing at all', (source: ReturnType<typeof upstream>) => source.end(), { kind: 'empty', what: 'no-body' }],
    ['a reset', (source: ReturnType<typeof upstream>) => source.reset(), { kind: 'reset', code: 'ECONNRESET' }],
  ] as const)('%s is a failure that another channel can still heal', async (_what, act, expected) => {
    const { relay, source, endings, stop } = open()
    const shown = relay.untilContent()
    act(source)
    expect(await shown).toMatchObject(expected)
    expect(endings).toEqual([]) // the caller records it
    expect(watched.size).toBe(0)
    if (expected.kind !== 'empty') expect(stop.signal.aborted).toBe(true)
  })

  test('pings and then the end are an empty answer, an error after the beginning is an error', async () => {
    const empty = open()
    empty.source.put(PING)
    empty.source.end()
    expect(await empty.relay.untilContent()).toMatchObject({ kind: 'empty' })
    const late = open()
    late.source.put(START)
    late.source.put(OVERLOAD)
    expect(await late.relay.untilContent()).toMatchObject({ kind: 'soft-error' })
  })

  test('no byte in time, and bytes in time without content, are told apart', async () => {
    const silent = open()
    const first = silent.relay.untilContent()
    pass(FIRST_BYTE_MS + 1)
    expect(await first).toMatchObject({ kind: 'first-byte-timeout' })
    const chatty = open()
    const content = chatty.relay.untilContent()
    for (let at = 0; at < 10; at++) {
      chatty.source.put(PING)
      await turns()
      pass(FIRST_CONTENT_MS / 10 + 1)
    }
    expect(await content).toMatchObject({ kind: 'first-content-timeout' })
  })

  test('a client that leaves aborts the upstream', async () => {
    const { relay, stop } = open()
    const shown = relay.untilContent()
    stop.abort({ kind: 'client-gone' } satisfies Failure)
    expect(await shown).toEqual({ kind: 'client-gone' })
    expect(watched.size).toBe(0)
  })

  test('what is held back is bounded: past the limit it goes to the client as it is', async () => {
    const { relay, source } = open({ holdBytes: 1_000 })
    const shown = relay.untilContent()
    for (let at = 0; at < 40; at++) source.put(PING)
    expect(await shown).toBe('content')
  })

  test('what is no stream at all is handed over with all its bytes', async () => {
    const { relay, source } = open()
    source.put('{"type":"mess')
    expect(await relay.untilContent()).toBe('no-stream')
    expect(new TextDecoder().decode(relay.held[0])).toBe('{"type":"mess')
  })
})

describe('after the commit', () => {
  test('a whole stream is passed on byte for byte and ends well', async () => {
    const { source, endings, reader, text, stop } = await begun()
    expect(await text()).toBe(START + CONTENT)
    source.put(WORD)
    expect(await text()).toBe(WORD)
    source.put(STOP)
    source.end()
    expect(await text()).toBe(STOP)
    expect((await reader.read()).done).toBe(true)
    expect([endings, stop.signal.aborted, source.cancelled(), watched.size]).toEqual([[undefined], false, 0, 0])
  })

  test('a reset is told in the protocol and then cut: it never looks whole', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    source.put(WORD)
    source.reset()
    await text()
    expect(await text()).toContain('event: error')
    expect(
      await reader.read().then(
        () => 'whole',
        () => 'cut',
      ),
    ).toBe('cut')
    expect(endings).toMatchObject([{ kind: 'stream-cut', code: 'ECONNRESET' }])
  })

  test('a clean end without the end marker is no whole answer', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    source.put(WORD)
    source.end()
    await text()
    expect(await text()).toContain('event: error')
    expect(
      await reader.read().then(
        () => 'whole',
        () => 'cut',
      ),
    ).toBe('cut')
    expect(endings).toMatchObject([{ kind: 'stream-unfinished' }])
  })

  test('silence of the upstream ends it; an upstream that speaks in time does not', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    for (let at = 0; at < 5; at++) {
      pass(IDLE_MS - 10)
      source.put(WORD)
      expect(await text()).toBe(WORD)
    }
    await turns()
    pass(IDLE_MS + 1)
    expect(await text()).toContain('sent nothing')
    expect(
      await reader.read().then(
        () => 'whole',
        () => 'cut',
      ),
    ).toBe('cut')
    expect(endings).toMatchObject([{ kind: 'stream-idle' }])
  })

  test('a client that leaves aborts the upstream at once and is recorded once', async () => {
    const { endings, reader, text, stop, source } = await begun()
    await text()
    await reader.cancel()
    expect([endings, stop.signal.aborted, source.cancelled()]).toEqual([[{ kind: 'client-gone' }], true, 1])
    source.put(WORD)
    source.end()
    await turns()
    expect(endings.length).toBe(1)
  })

  test('a client that has seen the end marker and hangs up has all of it', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    source.put(STOP)
    await text()
    await reader.cancel()
    expect(endings).toEqual([undefined])
  })

  test('no more is read of the upstream than the client takes', async () => {
    const { source } = await begun()
    const before = source.reads()
    for (let at = 0; at < 100; at++) source.put(WORD)
    await turns()
    expect(source.reads() - before).toBeLessThanOrEqual(1)
  })

  test('time in which the client does not read is not silence of the upstream', async () => {
    const { source, text, endings } = await begun()
    source.put(WORD)
    await turns()
    pass(IDLE_MS * 3)
    expect(await text()).toBe(START + CONTENT)
    expect(await text()).toBe(WORD)
    expect(endings).toEqual([])
  })

  test('a client that reads nothing for five minutes is let go: its slot is free, its upstream too, its stream broken', async () => {
    const { source, reader, endings, stop } = await begun()
    source.put(WORD)
    await turns()
    pass(CLIENT_STALL_MS + 1)
    await turns()
    expect(stop.signal.aborted).toBe(true)
    expect(endings).toEqual([{ kind: 'client-gone' }])
    const rest: string[] = []
    const how = await (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return 'whole'
        rest.push(new TextDecoder().decode(value))
      }
    })().catch(() => 'cut')
    expect(how).toBe('cut')
  })

  test('an upstream that does not close after its end marker keeps nobody waiting', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    source.put(STOP)
    await text()
    const last = reader.read()
    await turns()
    pass(250)
    expect((await last).done).toBe(true)
    expect(endings).toEqual([undefined])
  })

  test('an error event in the middle is passed on as it came and recorded as what it is', async () => {
    const { source, endings, reader, text } = await begun()
    await text()
    source.put(OVERLOAD)
    source.end()
    expect(await text()).toBe(OVERLOAD)
    await reader.read().catch(() => {})
    expect(endings).toMatchObject([{ kind: 'stream-error', errorType: 'overloaded_error' }])
  })
})
