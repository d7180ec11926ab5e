/** The model of every channel that works. */
export const MODEL = 'bench'
export const PATH = '/v1/chat/completions'

export type BodyWish = {
  readonly bytes: number
  readonly stream?: boolean
  readonly model?: string
}

const LINE = 'The quick brown fox jumps over the lazy dog.\n"Quoted", and again. '
const MESSAGE_CHARS = 3_000

/** A chat request of about so many bytes: one message when it is small, a conversation when it is not. */
export function requestBody({ bytes, stream = false, model = MODEL }: BodyWish): string {
  const messages: { role: string; content: string }[] = []
  const body = () => JSON.stringify({ model, stream, max_tokens: 64, messages })
  for (let left = bytes - body().length; left > 0; left = bytes - body().length) {
    const chars = Math.max(1, Math.min(MESSAGE_CHARS, left - 30))
    messages.push({
      role: messages.length % 2 ? 'assistant' : 'user',
      content: LINE.repeat(chars / LINE.length + 1).slice(0, chars),
    })
  }
  return body()
}

/** The same as bytes for the wire, for one kept-alive connection. */
export function requestBytes(body: string, token: string): Buffer {
  const bytes = Buffer.from(body)
  const head = [
    `POST ${PATH} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `authorization: Bearer ${token}`,
    `content-length: ${bytes.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}
