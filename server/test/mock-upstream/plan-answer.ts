import { createHash } from 'node:crypto'
import { responseId, responses } from './answer-responses.ts'
import { applyBehaviours, contentSpec } from './apply-behaviours.ts'
import type { Behaviour } from './behaviour.ts'
import { keyOf } from './call.ts'
import type { Core } from './core.ts'
import { connectionClose } from './faults-delivery.ts'
import { at, parseJson } from './json.ts'
import { headerOf, type RequestHead } from './request-reader.ts'
import { happyDraft, type Route, routeOf, swapped } from './route.ts'
import { type Say, sayFor } from './say.ts'
import { type WirePlan, wirePlan } from './wire-plan.ts'

export type Question = {
  readonly head: RequestHead
  readonly body: Uint8Array
  readonly behaviours: readonly Behaviour[]
}

/** From a request and what the rules say to the bytes of the answer. */
export function planAnswer(core: Core, question: Question): Promise<WirePlan> {
  const { head, behaviours } = question
  const route = routeOf(head)
  const say = sayTo(core, question, route)
  keep(core, route, say)
  const stored = route.kind === 'stored' ? core.stored(route.id) : undefined
  const scene = { wire: route.wire, asked: say.asked, say }
  const draft = applyBehaviours(happyDraft(route, say, stored), behaviours, scene)
  return wirePlan(wantsClose(head) ? connectionClose(draft) : draft)
}

function sayTo(core: Core, question: Question, route: Route): Say {
  const { head, body, behaviours } = question
  const spec = contentSpec(behaviours)
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString()
  const asked = route.wire.ask(head.target, parseJson(text), text.length)
  const say = sayFor(spec.swapStreaming ? swapped(asked) : asked, spec, seedOf(core, head, body))
  if (!behaviours.some(({ kind }) => kind === 'prompt-cache')) return say
  return { ...say, usage: core.prompts.usage(keyOf(head) ?? '', asked.body, say.usage) }
}

/** The credential in a query is no part of the question: two keys get the same answer. */
function seedOf(core: Core, head: RequestHead, body: Uint8Array): string {
  const target = head.target.replace(/([?&]key=)[^&]*/, '$1')
  return createHash('sha256').update(`${core.name}\n${target}\n`).update(body).digest('hex').slice(0, 24)
}

function keep(core: Core, route: Route, say: Say): void {
  if (route.kind !== 'generate' || route.wire.name !== 'responses') return
  if (at(say.asked.body, 'store') !== false) core.store(responseId(say), responses.whole(say))
}

function wantsClose(head: RequestHead): boolean {
  const connection = headerOf(head.headers, 'connection') ?? ''
  return /\bclose\b/i.test(connection) || (head.version === 'HTTP/1.0' && !/keep-alive/i.test(connection))
}
