import type { Behaviour, BehaviourOf, ContentSpec, Kind, Rule } from './behaviour.ts'
import type { Draft, Scene } from './draft.ts'
import { withHeader } from './draft.ts'
import { crlf, encoded, hostileHeaders, informational, malformedChunk, tinyChunks } from './faults-bytes.ts'
import { answerStatus, errorMidStream, malformedEvent, noEndMarker, redirect, softError } from './faults-content.ts'
import {
  closeBeforeHeaders,
  connectionClose,
  cutAfterBytes,
  delayBody,
  delayHeaders,
  firstTokenDelay,
  framed,
  hang,
  resetAfterHeaders,
  resetBeforeHeaders,
  stall,
  terminalWithoutEof,
} from './faults-delivery.ts'

type Change<K extends Kind> = (draft: Draft, behaviour: BehaviourOf<K>, scene: Scene) => Draft

const same = (draft: Draft): Draft => draft

// What each behaviour makes of the draft. The content ones are told by `contentSpec`, those about reading by `reading`.
const CHANGES: { readonly [K in Kind]: Change<K> } = {
  ok: (draft, { headers = {} }) =>
    Object.entries(headers).reduce((made, [name, value]) => withHeader(made, name, value), draft),
  tool: same,
  'swap-streaming': same,
  'prompt-cache': same,
  'huge-event': same,
  status: answerStatus,
  redirect,
  'soft-error': softError,
  'error-mid-stream': errorMidStream,
  'malformed-event': malformedEvent,
  'no-end-marker': noEndMarker,
  'delay-headers': delayHeaders,
  'delay-body': delayBody,
  'first-token-delay': firstTokenDelay,
  stall,
  hang,
  'terminal-without-eof': terminalWithoutEof,
  'reset-before-headers': resetBeforeHeaders,
  'reset-after-headers': resetAfterHeaders,
  'close-before-headers': closeBeforeHeaders,
  'cut-after-bytes': cutAfterBytes,
  framing: framed,
  'connection-close': connectionClose,
  'keepalive-race': same,
  early: connectionClose,
  'early-413': (draft, _behaviour, scene) =>
    connectionClose(answerStatus(draft, { kind: 'status', status: 413 }, scene)),
  'slow-read': same,
  'tiny-chunks': tinyChunks,
  crlf,
  encoding: encoded,
  'malformed-chunk': malformedChunk,
  'hostile-headers': hostileHeaders,
  informational,
}

/** The behaviours of a rule; a call without a rule is answered as well as can be. */
export function behavioursOf(rule: Rule | undefined): readonly Behaviour[] {
  if (rule === undefined) return []
  return Array.isArray(rule.do) ? rule.do : [rule.do]
}

export function applyBehaviours(draft: Draft, behaviours: readonly Behaviour[], scene: Scene): Draft {
  return behaviours.reduce((made, behaviour) => change(made, behaviour, scene), draft)
}

function change<K extends Kind>(draft: Draft, behaviour: BehaviourOf<K>, scene: Scene): Draft {
  const apply = CHANGES[behaviour.kind] as Change<K>
  return apply(draft, behaviour, scene)
}

const MEGABYTE_CHARS = 1_048_576

/** What the behaviours together say about the content; a later one wins. */
export function contentSpec(behaviours: readonly Behaviour[]): ContentSpec {
  return behaviours.reduce<ContentSpec>((spec, behaviour) => Object.assign(spec, contentOf(behaviour)), {})
}

function contentOf(behaviour: Behaviour): ContentSpec {
  if (behaviour.kind === 'tool') {
    const { name, args } = behaviour
    return { tool: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { args }) } }
  }
  if (behaviour.kind === 'swap-streaming') return { swapStreaming: true }
  if (behaviour.kind === 'huge-event') return { text: 'x'.repeat(behaviour.megabytes * MEGABYTE_CHARS), pieces: 1 }
  if (behaviour.kind !== 'ok') return {}
  const { text, pieces, thinking, usage } = behaviour
  return {
    ...(text === undefined ? {} : { text }),
    ...(pieces === undefined ? {} : { pieces }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(usage === undefined ? {} : { usage }),
  }
}

/** What must be known when the head of a request is here, before its body. */
export type Reading = {
  /** Ends a reused connection the moment its next request comes. */
  readonly race?: 'fin' | 'rst'
  /** Answers without reading the body, and what then becomes of the rest of it. */
  readonly early?: 'drain' | 'close'
  /** Does not read for so long; Infinity: never. */
  readonly pauseMs?: number
}

export function reading(behaviours: readonly Behaviour[]): Reading {
  return behaviours.reduce<Reading>((told, behaviour) => Object.assign(told, readingOf(behaviour)), {})
}

function readingOf(behaviour: Behaviour): Reading {
  if (behaviour.kind === 'keepalive-race') return { race: behaviour.how ?? 'fin' }
  if (behaviour.kind === 'slow-read') return { pauseMs: behaviour.ms ?? Number.POSITIVE_INFINITY }
  if (behaviour.kind === 'early' || behaviour.kind === 'early-413') return { early: behaviour.then ?? 'drain' }
  return {}
}
