import { anthropic } from './answer-anthropic.ts'
import { chat } from './answer-chat.ts'
import { completions } from './answer-completions.ts'
import { gemini } from './answer-gemini.ts'
import { responses } from './answer-responses.ts'
import { type Part, sayFor, type Wire } from './say.ts'

export type BenchOptions = {
  /** Size of the body of an answer that does not stream. Default 1,024; never below what the format needs. */
  readonly unaryBytes?: number
  /** Before an answer that does not stream. Default 0. */
  readonly unaryDelayMs?: number
  /** Events of content in a stream. Default 100. */
  readonly events?: number
  /** Between two events. Default 100; 0 sends all at once. */
  readonly intervalMs?: number
  /** Letters in each event's text besides the stamp. Default 16. */
  readonly eventChars?: number
}

/** The answers of one API, made once. All are ready for the wire, head and chunk framing included. */
export type BenchAnswers = {
  readonly unary: Buffer
  /** Head and the events before any content. */
  readonly begin: Buffer
  /** One event; the 16 digits at `stampAt` are the send time, Unix microseconds. Is copied before it is changed. */
  readonly event: Buffer
  readonly stampAt: number
  readonly end: Buffer
}

const STAMP = '0'.repeat(16)

/** Text of a stamped event: `@1767225600123456@` and filler. What a load generator looks for. */
export const STAMP_PATTERN = /@(\d{16})@/g

const HEAD = 'HTTP/1.1 200 OK\r\n'
const BODY = { model: 'bench', stream: true, stream_options: { include_usage: true } }

export function benchAnswers(wire: Wire, options: BenchOptions): BenchAnswers {
  const target = '/v1beta/models/bench:streamGenerateContent?alt=sse'
  const asked = wire.ask(target, BODY, 400)
  const text = `@${STAMP}@${'x'.repeat(options.eventChars ?? 16)}`
  const usage = { inputTokens: 100, outputTokens: options.events ?? 100 }
  const parts = wire.stream(sayFor(asked, { text, pieces: 1, usage }, 'be'.repeat(12)))
  const at = parts.findIndex((part) => part.text.includes(STAMP))
  const event = chunk(parts.slice(at, at + 1))
  const head = `${HEAD}Content-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n`
  return {
    unary: unary(wire, options.unaryBytes ?? 1_024),
    begin: Buffer.concat([Buffer.from(head), chunk(parts.slice(0, at))]),
    event,
    stampAt: event.indexOf(STAMP),
    end: Buffer.concat([chunk(endParts(parts.slice(at + 1))), Buffer.from('0\r\n\r\n')]),
  }
}

/** In Responses, Messages and the like the whole text is said again at the end: there it is not a stamp. */
function endParts(parts: readonly Part[]): readonly Part[] {
  return parts.map((part) => ({ ...part, text: part.text.replaceAll(`@${STAMP}@`, '') }))
}

/** A body of `bytes` bytes: the answer's text is made as long as that takes. */
function unary(wire: Wire, bytes: number): Buffer {
  const bodyOf = (text: string): Buffer => {
    const asked = { ...wire.ask('/v1beta/models/bench:generateContent', BODY, 400), stream: 'none' as const }
    return Buffer.from(
      wire.whole(sayFor(asked, { text, pieces: 1, usage: { inputTokens: 100, outputTokens: 50 } }, 'be'.repeat(12))),
    )
  }
  const short = bodyOf('x')
  const body = bodyOf('x'.repeat(Math.max(1, bytes - short.length + 1)))
  return Buffer.concat([
    Buffer.from(`${HEAD}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ])
}

function chunk(parts: readonly Part[]): Buffer {
  const body = Buffer.from(parts.map((part) => part.text).join(''))
  if (body.length === 0) return body
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}

/** Which API a request line asks for, by the first bytes of its path. */
export function benchWires(): readonly (readonly [prefix: string, wire: Wire])[] {
  return [
    ['/v1/messages', anthropic],
    ['/v1/chat/', chat],
    ['/v1/completions', completions],
    ['/v1/responses', responses],
    ['/v1', gemini],
  ]
}
