import type { Draft, Header, Step } from './draft.ts'
import { encodePieces } from './encode-body.ts'
import { SETTLE_MS } from './faults-delivery.ts'

/** What goes over the wire for one answer. */
export type WirePlan = {
  readonly steps: readonly Step[]
  /** The body as a client that reads it all has it: coded, not chunked, without what a cut keeps back. */
  readonly payload: Uint8Array
}

type Piece = { readonly bytes: Uint8Array; readonly waitMs: number; readonly part: number }

/** Turns a draft into bytes and pauses. */
export async function wirePlan(draft: Draft): Promise<WirePlan> {
  const pieces = grained(await codedPieces(draft), draft)
  const lengthBytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)
  const head: Step = { kind: 'bytes', bytes: headBytes(draft, lengthBytes) }
  const body = bodySteps(draft, pieces)
  return {
    steps: untilStop([...draft.before, head, ...draft.afterHead, ...body.steps]),
    payload: Buffer.concat(body.payload),
  }
}

async function codedPieces(draft: Draft): Promise<readonly Piece[]> {
  const raw = draft.parts.map((part) => Buffer.from(part.text))
  const coded = draft.coding ? await encodePieces(raw, draft.coding) : raw
  return coded.map((bytes, part) => ({ bytes, part, waitMs: draft.parts[part]?.waitMs ?? 0 }))
}

function grained(pieces: readonly Piece[], draft: Draft): readonly Piece[] {
  const { grain } = draft
  if (!grain) return pieces
  return pieces.flatMap(({ bytes, waitMs, part }) => {
    const crumbs: Piece[] = []
    for (let from = 0; from < bytes.length; from += grain.bytes) {
      crumbs.push({ bytes: bytes.subarray(from, from + grain.bytes), part, waitMs: from === 0 ? waitMs : 0 })
    }
    return crumbs
  })
}

function headBytes(draft: Draft, lengthBytes: number): Uint8Array {
  const framing = draft.framingHeaders ?? framingHeaders(draft, lengthBytes)
  const lines = [...draft.headers, ...framing].map(([name, value]) => `${name}: ${value}`)
  const text = [
    `HTTP/1.${draft.framing === 'eof' ? 0 : 1} ${draft.status} ${REASONS[draft.status] ?? 'Mock'}`,
    ...lines,
    '',
    '',
  ]
  return Buffer.from(text.join(draft.headLineEnd))
}

function framingHeaders(draft: Draft, lengthBytes: number): readonly Header[] {
  if (draft.framing === 'chunked') return [['Transfer-Encoding', 'chunked']]
  return draft.framing === 'length' ? [['Content-Length', String(lengthBytes)]] : []
}

type Body = { readonly steps: readonly Step[]; readonly payload: readonly Uint8Array[] }

function bodySteps(draft: Draft, pieces: readonly Piece[]): Body {
  const steps: Step[] = []
  const payload: Uint8Array[] = []
  let roomBytes = draft.cut?.afterBytes ?? Number.POSITIVE_INFINITY
  for (const piece of pieces) {
    if (piece.part === draft.stop?.afterParts) break
    if (piece.part === draft.brokenChunkAt) steps.push(bytesStep('zz-not-a-size\r\n'))
    if (piece.waitMs > 0) steps.push({ kind: 'wait', ms: piece.waitMs })
    else if (draft.grain?.per === 'write') steps.push({ kind: 'wait', ms: 0 })
    const shown = piece.bytes.subarray(0, roomBytes)
    roomBytes -= shown.length
    payload.push(shown)
    steps.push({
      kind: 'bytes',
      bytes: draft.framing === 'chunked' ? chunk(piece.bytes, shown, draft.chunkExtension) : shown,
    })
    if (roomBytes === 0 && draft.cut) break
  }
  return { steps: [...steps, ...endSteps(draft)], payload }
}

/** A chunk whose size is that of the whole piece, though only `shown` of it may be sent. */
function chunk(whole: Uint8Array, shown: Uint8Array, extension: string): Uint8Array {
  if (whole.length === 0) return whole // an empty chunk would be the end
  const size = Buffer.from(`${whole.length.toString(16)}${extension}\r\n`)
  return Buffer.concat(shown.length < whole.length ? [size, shown] : [size, shown, Buffer.from('\r\n')])
}

function endSteps(draft: Draft): readonly Step[] {
  if (draft.cut) return [{ kind: 'wait', ms: SETTLE_MS }, { kind: draft.cut.how }]
  if (draft.stop) return [{ kind: 'wait', ms: SETTLE_MS }, { kind: draft.stop.how }]
  if (draft.ending === 'hang') return [{ kind: 'hang' }]
  const trailers = draft.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const last = draft.framing === 'chunked' ? [bytesStep(`0\r\n${trailers}\r\n`)] : []
  return [...last, { kind: 'done', closes: draft.framing === 'eof' || draft.ending === 'fin' }]
}

function bytesStep(text: string): Step {
  return { kind: 'bytes', bytes: Buffer.from(text) }
}

/** Nothing follows the end of a connection. */
function untilStop(steps: readonly Step[]): readonly Step[] {
  const end = steps.findIndex((step) => step.kind !== 'bytes' && step.kind !== 'wait')
  return end < 0 ? steps : steps.slice(0, end + 1)
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
