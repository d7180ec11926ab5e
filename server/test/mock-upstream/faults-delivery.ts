import type { BehaviourOf } from './behaviour.ts'
import { type Draft, placeAfter, type Scene, type Step, type Stop, withMiddle } from './draft.ts'
import type { Part } from './say.ts'

/** A reset throws away what the client has not read yet, so what was sent gets this long to arrive. */
export const SETTLE_MS = 15

export function delayHeaders(draft: Draft, behaviour: BehaviourOf<'delay-headers'>): Draft {
  return { ...draft, before: [...draft.before, { kind: 'wait', ms: behaviour.ms }] }
}

export function delayBody(draft: Draft, behaviour: BehaviourOf<'delay-body'>): Draft {
  return { ...draft, afterHead: [...draft.afterHead, { kind: 'wait', ms: behaviour.ms }] }
}

/** Headers and what says nothing (role, ping, `response.created`) at once, the first content late. */
export function firstTokenDelay(draft: Draft, behaviour: BehaviourOf<'first-token-delay'>, scene: Scene): Draft {
  const place = draft.isStream ? placeAfter(draft.parts, 0) : 0
  const every = behaviour.pingEveryMs
  if (every === undefined || scene.wire.ping === '') return waitBefore(draft, place, behaviour.ms)
  const howMany = Math.floor(behaviour.ms / every)
  const pings = Array.from({ length: howMany }, (): Part => ({ kind: 'ping', text: scene.wire.ping, waitMs: every }))
  return waitBefore(
    { ...draft, parts: draft.parts.toSpliced(place, 0, ...pings) },
    place + howMany,
    behaviour.ms - howMany * every,
  )
}

/** A pause before each event but the first, or once, after `afterEvents` events of content. */
export function stall(given: Draft, behaviour: BehaviourOf<'stall'>): Draft {
  const draft = withMiddle(given)
  const { ms, afterEvents } = behaviour
  if (afterEvents !== undefined) return waitBefore(draft, placeAfter(draft.parts, afterEvents), ms)
  return { ...draft, parts: draft.parts.map((part, index) => (index === 0 ? part : { ...part, waitMs: ms })) }
}

export function hang(given: Draft, behaviour: BehaviourOf<'hang'>): Draft {
  if (behaviour.when === 'before-headers') return stopBefore(given, 'hang')
  if (behaviour.when === 'after-headers') return { ...given, afterHead: [...given.afterHead, { kind: 'hang' }] }
  const draft = withMiddle(given)
  return { ...draft, stop: { afterParts: placeAfter(draft.parts, behaviour.afterEvents ?? 1), how: 'hang' } }
}

/** Everything is said, end marker included, but the body does not end. */
export function terminalWithoutEof(draft: Draft): Draft {
  return { ...draft, framing: 'chunked', ending: 'hang' }
}

export function resetBeforeHeaders(draft: Draft): Draft {
  return stopBefore(draft, 'rst')
}

export function closeBeforeHeaders(draft: Draft): Draft {
  return stopBefore(draft, 'fin')
}

export function resetAfterHeaders(draft: Draft): Draft {
  return { ...draft, afterHead: [...draft.afterHead, { kind: 'wait', ms: SETTLE_MS }, { kind: 'rst' }] }
}

export function cutAfterBytes(draft: Draft, behaviour: BehaviourOf<'cut-after-bytes'>): Draft {
  const cut = { afterBytes: behaviour.bytes, how: behaviour.how ?? 'fin' }
  return { ...draft, cut, framing: behaviour.framing ?? draft.framing }
}

export function framed(draft: Draft, behaviour: BehaviourOf<'framing'>): Draft {
  return { ...draft, framing: behaviour.framing }
}

export function connectionClose(draft: Draft): Draft {
  return {
    ...draft,
    headers: [...draft.headers, ['Connection', 'close']],
    ending: draft.ending === 'done' ? 'fin' : draft.ending,
  }
}

function stopBefore(draft: Draft, how: Stop): Draft {
  const step: Step = { kind: how }
  return { ...draft, before: [...draft.before, step] }
}

function waitBefore(draft: Draft, place: number, waitMs: number): Draft {
  const parts = draft.parts.map((part, index) =>
    index === place ? { ...part, waitMs: (part.waitMs ?? 0) + waitMs } : part,
  )
  return { ...draft, parts }
}
