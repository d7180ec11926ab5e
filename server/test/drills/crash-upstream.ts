import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** How the upstream answers a request of the crash drill, and how its client takes it. */
export const KINDS = ['whole', 'stream', 'slow', 'cut', 'error', 'leave'] as const
export type Kind = (typeof KINDS)[number]

/** What was served of one request. Times are `performance.now()`. */
export type Served = {
  readonly number: number
  readonly kind: Kind
  /** How often it was asked for here. */
  calls: number
  /** When the upstream had sent its counts of tokens; 0 = never. */
  usageAtMs: number
}

export type CrashUpstream = {
  readonly url: string
  readonly served: ReadonlyMap<number, Served>
  close(): Promise<void>
}

export const OUTPUT_TOKENS = 7
const SLOW_WORDS = 20
const WORD_MS: Readonly<Record<'slow' | 'leave', number>> = { slow: 200, leave: 50 }
const LEAVE_WORDS = 60
const THINKING_MS = 25

/** The body of a request: its number and kind are its words. */
export function crashBody(number: number, kind: Kind): string {
  const model = kind === 'cut' || kind === 'error' ? 'claude-haiku-4-5' : 'claude-sonnet-4-5'
  const messages = [{ role: 'user', content: `${kind} ${number}` }]
  return JSON.stringify({ model, max_tokens: 5, stream: kind !== 'whole', messages })
}

/** An upstream that reports as many input tokens as the number of the request, so that each log row says whose it is. */
export async function crashUpstream(): Promise<CrashUpstream> {
  const served = new Map<number, Served>()
  const server = createServer((request, response) => {
    void answer(served, request, response).catch(() => response.destroy()) // the gateway was killed meanwhile
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    served,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(served: Map<number, Served>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { messages } = (await json(request)) as { messages: { content: string }[] }
  const [kind, number] = (messages[0]?.content ?? '').split(' ') as [Kind, string]
  const one = served.get(Number(number)) ?? { number: Number(number), kind, calls: 0, usageAtMs: 0 }
  served.set(one.number, one)
  one.calls++
  await Bun.sleep(one.number % THINKING_MS)
  if (kind === 'whole') {
    one.usageAtMs ||= performance.now()
    const body = { ...MESSAGE, content: [TEXT], stop_reason: 'end_turn', usage: usageOf(one) }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for await (const part of events(one)) {
    if (response.closed) return
    if (part === CUT) response.destroy()
    else response.write(part)
  }
  response.end()
}

async function* events(one: Served): AsyncGenerator<string> {
  const usage = { ...usageOf(one), output_tokens: 1 }
  yield event({ type: 'message_start', message: { ...MESSAGE, content: [], usage } })
  one.usageAtMs ||= performance.now()
  yield event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  yield WORD
  if (one.kind === 'slow' || one.kind === 'leave') {
    const words = one.kind === 'slow' ? SLOW_WORDS : LEAVE_WORDS
    for (let word = 0; word < words; word++) {
      yield WORD
      await Bun.sleep(WORD_MS[one.kind])
    }
  }
  if (one.kind === 'cut') {
    await Bun.sleep(60) // what was sent is read first
    yield CUT
  }
  if (one.kind === 'error') {
    yield event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
    return
  }
  yield event({ type: 'content_block_stop', index: 0 })
  yield event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: OUTPUT_TOKENS } })
  yield event({ type: 'message_stop' })
}

function usageOf({ number }: Served) {
  return { input_tokens: number, output_tokens: OUTPUT_TOKENS }
}

function event(data: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

const TEXT = { type: 'text', text: 'word' }
const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: null as string | null }
/** Instead of a part: the connection breaks. */
const CUT = 'cut'
const WORD = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word ' } })
