/** One event as Anthropic and OpenAI Responses write it: a name and one line of JSON. */
export function namedEvent(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** One event without a name, as OpenAI Chat and Gemini write it. */
export function dataEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const DONE_EVENT = 'data: [DONE]\n\n'

/** A comment line, which relays send to keep a stream alive. */
export function comment(text: string): string {
  return `: ${text}\n\n`
}

/** The same events with other line ends. JSON on one line never holds a bare LF, so each LF is a line end. */
export function withLineEnds(sse: string, lineEnd: '\r\n' | '\r'): string {
  return sse.replaceAll(/\r?\n/g, lineEnd)
}
