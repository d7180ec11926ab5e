export type Asked = {
  readonly token: string
  /** Size of the whole body, bytes. */
  readonly bodyBytes: number
  readonly isStream?: boolean
  readonly model?: string
}

export const MODEL = 'bench'
export const PATH = '/v1/messages'

/** A request of the Anthropic API with a text as long as the size takes. */
export function bodyText({ bodyBytes, isStream = false, model = MODEL }: Asked): string {
  const of = (text: string) =>
    JSON.stringify({ model, max_tokens: 64, stream: isStream, messages: [{ role: 'user', content: text }] })
  const leftBytes = Math.max(1, bodyBytes - of('').length)
  return of('hello '.repeat(Math.ceil(leftBytes / 6)).slice(0, leftBytes))
}

/** The same request as it goes over a connection. */
export function requestBytes(asked: Asked): Buffer {
  const body = bodyText(asked)
  const lines = [
    `POST ${PATH} HTTP/1.1`,
    'Host: 127.0.0.1',
    `X-Api-Key: ${asked.token}`,
    'Anthropic-Version: 2023-06-01',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
