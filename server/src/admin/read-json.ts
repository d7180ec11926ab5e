/** A JSON object from outside, or why it is none. */
export type JsonRead =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: 400 | 413; readonly message: string }

const MAX_DEPTH = 32
/** Names that reach the prototype of an object instead of the object. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * The body of a request as a JSON object, at most `maxBytes` long. The content type is not looked at: `curl -d`
 * sends that of a form, and a session travels in a header that no foreign page can set.
 *
 * Errors: none thrown but a broken connection.
 */
export async function readJsonObject(request: Request, maxBytes: number): Promise<JsonRead> {
  const bytes = await readBounded(request, maxBytes)
  if (bytes === undefined) return { ok: false, status: 413, message: `the body is longer than ${maxBytes} bytes` }
  return parsed(bytes)
}

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return undefined
  if (request.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body) {
    length += chunk.byteLength
    if (length > maxBytes) return undefined // leaving the loop cancels the stream
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parsed(bytes: Uint8Array): JsonRead {
  const value = jsonOf(bytes)
  if (value === undefined)
    return bad(bytes.length === 0 ? 'the body is empty; a JSON object is needed' : 'the body is not JSON')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('the body must be a JSON object')
  const why = whyDangerous(value)
  return why === undefined ? { ok: true, value: value as Record<string, unknown> } : bad(why)
}

function bad(message: string): JsonRead {
  return { ok: false, status: 400, message }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined // neither the parser's words nor its excerpt of the body may go out
  }
}

/** Too deep to walk, or with a name that could reach a prototype. Walks by hand: the depth is the sender's choice. */
function whyDangerous(root: unknown): string | undefined {
  let level: unknown[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `the body is nested deeper than ${MAX_DEPTH} levels`
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      const name = Array.isArray(value) ? undefined : Object.keys(value).find((key) => FORBIDDEN.has(key))
      if (name !== undefined) return `unknown field "${name}"`
      for (const inner of Object.values(value)) next.push(inner)
    }
    level = next
  }
  return undefined
}
