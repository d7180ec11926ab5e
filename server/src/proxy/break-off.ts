import type { Api } from '../core/channel-type.ts'
import { errorEvent, errorPiece } from '../protocol/dialect.ts'

// How an answer that broke after its beginning ends: visibly.

export type Controller = ReadableStreamDefaultController<Uint8Array>

/** An event and the cut after it, written in one turn, lose the event. */
const FLUSH_MS = 25
const LF = 10
const CR = 13

export type Broken = {
  readonly message: string
  /** The last bytes that were passed on end an event. */
  readonly isBetweenEvents: boolean
}

/** Says in the client's protocol that the answer is broken. The connection has to be cut after it: it must never look whole. */
export async function sayBroken(controller: Controller, api: Api, { message, isBetweenEvents }: Broken): Promise<void> {
  const piece = errorPiece(api, { message })
  const event = errorEvent(api, { message, midLine: true })
  if (event !== undefined && (piece === undefined || isBetweenEvents)) controller.enqueue(encoded(event))
  if (piece === undefined) return
  await flushed()
  controller.enqueue(encoded(piece))
}

export function cutNow(controller: Controller): void {
  controller.error(new Error('the upstream broke off'))
}

/** After what has been said is on its way. */
export async function cutFlushed(controller: Controller): Promise<void> {
  await flushed()
  cutNow(controller)
}

/** A blank line at its end. A line end on its own in the last chunk counts as none: then only half is known. */
export function endsEvent(chunk: Uint8Array): boolean {
  const last = chunk.length - 1
  return chunk[last] === LF && (chunk[last - 1] === LF || (chunk[last - 1] === CR && chunk[last - 2] === LF))
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function flushed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FLUSH_MS))
}
