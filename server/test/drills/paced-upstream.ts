/** An upstream whose streams go on until the test ends them, and which counts who is there at once. */
export type PacedUpstream = {
  readonly url: string
  /** Requests answered or being answered. */
  readonly calls: number
  readonly open: number
  /** The most that were open at one time. */
  readonly mostOpen: number
  /** Streams that the other side left before their end, each with the time (`performance.now()`). */
  readonly leftAtMs: readonly number[]
  /** Ends all open streams, and from now on each right after its first words. */
  finish(): void
  /** New streams stay open again. */
  hold(): void
  close(): Promise<void>
}

export type PacedOptions = {
  /** Between two words of an open stream. */
  readonly everyMs?: number
  /** Silence before the headers. */
  readonly headersAfterMs?: number
}

const INPUT_TOKENS = 10

export function pacedUpstream({ everyMs = 100, headersAfterMs = 0 }: PacedOptions = {}): PacedUpstream {
  const state = { calls: 0, open: 0, mostOpen: 0, isHolding: true }
  const leftAtMs: number[] = []
  const waiting = new Set<() => void>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      state.calls++
      state.open++
      state.mostOpen = Math.max(state.mostOpen, state.open)
      let isOver = false
      const over = (): void => {
        if (!isOver) state.open--
        isOver = true
      }
      request.signal.addEventListener('abort', () => {
        if (!isOver) leftAtMs.push(performance.now())
        over()
      })
      if (headersAfterMs > 0) await Bun.sleep(headersAfterMs)
      return new Response(words(request.signal, over), { headers: { 'content-type': 'text/event-stream' } })
    },
  })

  async function* words(gone: AbortSignal, over: () => void): AsyncGenerator<string> {
    yield BEGIN
    while (state.isHolding && !gone.aborted) {
      yield WORD
      await pause(everyMs)
    }
    over()
    yield END
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      waiting.add(done)
    })

  return {
    url: `http://127.0.0.1:${server.port}`,
    get calls() {
      return state.calls
    },
    get open() {
      return state.open
    },
    get mostOpen() {
      return state.mostOpen
    },
    leftAtMs,
    finish() {
      state.isHolding = false
      for (const done of [...waiting]) done()
    },
    hold() {
      state.isHolding = true
    },
    close: () => server.stop(true),
  }
}

function event(data: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  stop_reason: null,
  usage: { input_tokens: INPUT_TOKENS, output_tokens: 1 },
}
const BEGIN =
  event({ type: 'message_start', message: MESSAGE }) +
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
const WORD = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word ' } })
const END =
  event({ type: 'content_block_stop', index: 0 }) +
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } }) +
  event({ type: 'message_stop' })
