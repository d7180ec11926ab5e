import { readCountable } from '../core/count-tokens/countable.ts'
import { counting } from '../core/count-tokens/counting.ts'
import type { Vocabulary } from '../core/count-tokens/family.ts'
import { pairCounter } from '../core/count-tokens/pair-table.ts'
import { type FromCounter, readCountBody, type ToCounter } from '../link/count-wire.ts'

/*
 * Entry point of the thread that counts tokens: requests in, numbers out, many at a time in small steps, so that a short
 * one never waits for a long one. It must be an entry point of its own in `bun build`, too.
 */

declare const self: Worker

type Job = { readonly id: number; readonly steps: Generator<undefined, number> }
type Waiting = { readonly id: number; readonly start: (tokensOf: (text: string) => number) => Job }

const STEPS_IN_A_ROW = 2

const counters = new Map<Vocabulary, (text: string) => number>()
const waiting = new Map<Vocabulary, Waiting[]>()
let jobs: Job[] = []
let isTurning = false

self.onmessage = (event: MessageEvent) => {
  const message = event.data as ToCounter
  if ('table' in message) learn(message.vocabulary, pairCounter(message.table))
  else begin(message.id, message.body)
}

function learn(vocabulary: Vocabulary, tokensOf: (text: string) => number): void {
  counters.set(vocabulary, tokensOf)
  for (const { start } of waiting.get(vocabulary) ?? []) add(start(tokensOf))
  waiting.delete(vocabulary)
}

function begin(id: number, body: Uint8Array): void {
  const read = readCountBody(body)
  if (read === undefined) return send({ id, fault: 'Invalid request body: not JSON' })
  const result = readCountable(read.json)
  if (!result.ok) return send({ id, fault: result.message })
  const { countable } = result
  const start = (tokensOf: (text: string) => number): Job => ({ id, steps: counting(countable, tokensOf) })
  const tokensOf = counters.get(countable.vocabulary)
  if (tokensOf !== undefined) return add(start(tokensOf))
  const others = waiting.get(countable.vocabulary)
  if (others !== undefined) others.push({ id, start })
  else {
    waiting.set(countable.vocabulary, [{ id, start }])
    send({ needs: countable.vocabulary })
  }
}

function add(job: Job): void {
  jobs.push(job)
  if (isTurning) return
  isTurning = true
  turn()
}

/** A few steps of each, then a look at what has come in. */
function turn(): void {
  jobs = jobs.filter((job) => !advance(job))
  if (jobs.length > 0) setImmediate(turn)
  else isTurning = false
}

/** True when it is done. */
function advance({ id, steps }: Job): boolean {
  for (let step = 0; step < STEPS_IN_A_ROW; step++) {
    const { done, value } = steps.next()
    if (!done) continue
    send({ id, inputTokens: value })
    return true
  }
  return false
}

function send(message: FromCounter): void {
  self.postMessage(message)
}
