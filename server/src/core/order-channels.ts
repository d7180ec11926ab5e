import { type SwrrCache, smoothTurn } from './smooth-turn.ts'

export type SkipReason =
  | 'disabled'
  | 'wrong-model'
  | 'cooling'
  | 'all-keys-cooling'
  | 'model-cooling'
  | 'daily-limit'
  | 'rpm-limit'
  | 'unpriced'
  | 'busy'
  | 'no-keys'

/** A channel that was not tried, and why: a 503 nobody can explain is a bug. */
export type Skip = {
  readonly channelId: number
  readonly why: SkipReason
  /** When it can be tried again, Unix ms: the latest of its rests. Absent when waiting does not help. */
  readonly untilMs?: number
}

/** A channel of the right type, enabled and listing the model, as it stands now. */
export type Candidate = {
  readonly id: number
  /** `priority` minus the health penalty. */
  readonly effectivePriority: number
  /** Keys that are not resting; below 1 counts as 1. Its share inside a level. */
  readonly weight: number
  /** Keys in total; 0 = it cannot be asked. */
  readonly keyCount: number
  readonly overDailyLimit: boolean
  /** End of its own rest, Unix ms; 0 = none. */
  readonly channelRestUntilMs: number
  /** End of the rest of the matched model on it, Unix ms; 0 = none. */
  readonly modelRestUntilMs: number
  /** When the first of its keys can be used, Unix ms; 0 = one can be used now. */
  readonly keyRestUntilMs: number
}

export type OrderInput<C extends Candidate> = {
  readonly candidates: readonly C[]
  readonly nowMs: number
  /** With nothing usable, name the one that is ready first (setting `cooldown_fallback_enabled`). */
  readonly fallback: 'earliest' | 'none'
  /** The channel that served this session last: first inside its own level, while usable. */
  readonly preferId?: number | undefined
  /**
   * Takes one turn of a group and returns its number, counting from 0 over all processes. Called once for each level of
   * more than one that is really reached. `groupKey`: unsigned 32-bit hash of the ids in the group.
   */
  readonly ticket: (groupKey: number) => number
  readonly cache: SwrrCache
  /** When limits of the day begin anew, Unix ms; asked only when one is reached. */
  readonly dayEndsAtMs?: () => number
}

/** What is the same for all that are ordered in one process. */
export type Turns = Required<Pick<OrderInput<Candidate>, 'ticket' | 'cache' | 'dayEndsAtMs'>>

export type Ordering<C extends Candidate> = {
  /** Whom to try, one after the other. Lazy, may be walked once: a turn is taken only when its level is reached. */
  readonly order: IterableIterator<C>
  /** How many `order` holds; known without taking a turn. */
  readonly count: number
  readonly skipped: readonly Skip[]
  /** True when everything rests and `order` holds only the one that is ready first. */
  readonly isFallback: boolean
}

/**
 * The order in which to try channels: by priority; inside one level smooth weighted round robin says who is first, the
 * others follow by id. Returns the whole order, so failover is "take the next one", never "choose again".
 *
 * A level holds the channels whose priority is equal when cut to one decimal. A channel over its daily limit or without
 * keys is never tried; not as the last resort either.
 *
 * Cost: O(n) plus O(n log n) for a level that does not arrive by id; no I/O.
 * Source: smooth weighted round robin as in nginx since 1.3.1 (2012).
 */
export function orderChannels<C extends Candidate>(input: OrderInput<C>): Ordering<C> {
  const only = input.candidates.length === 1 ? input.candidates[0] : undefined
  if (only !== undefined && skipOf(only, input) === undefined)
    return { order: input.candidates.values(), count: 1, skipped: NOBODY, isFallback: false }
  const levels = new Map<number, C[]>()
  const skipped: Skip[] = []
  let count = 0
  let earliest: C | undefined
  for (const candidate of input.candidates) {
    const skip = skipOf(candidate, input)
    if (skip === undefined) {
      count++
      const level = levelOf(candidate.effectivePriority)
      const members = levels.get(level)
      if (members) members.push(candidate)
      else levels.set(level, [candidate])
    } else {
      skipped.push(skip)
      if (isResting(skip) && (!earliest || isReadyBefore(candidate, earliest))) earliest = candidate
    }
  }
  if (count > 0 || earliest === undefined || input.fallback === 'none') {
    return { order: inOrder(levels, input), count, skipped, isFallback: false }
  }
  const last = earliest
  const others = skipped.filter((skip) => skip.channelId !== last.id)
  return { order: [last].values(), count: 1, skipped: others, isFallback: true }
}

const NOBODY: readonly Skip[] = []

/** How long until the first of the skipped can be tried again, ms > 0; `undefined` when waiting does not help. */
export function earliestReadyInMs(skipped: readonly Skip[], nowMs: number): number | undefined {
  let earliest: number | undefined
  for (const { untilMs } of skipped) {
    if (untilMs !== undefined && (earliest === undefined || untilMs < earliest)) earliest = untilMs
  }
  return earliest === undefined ? undefined : Math.max(earliest - nowMs, 1)
}

/** A limit is no rest: who is over it is not tried as the last resort either. */
function isResting({ why, untilMs }: Skip): boolean {
  return untilMs !== undefined && why !== 'daily-limit'
}

function skipOf(candidate: Candidate, { nowMs, dayEndsAtMs }: OrderInput<Candidate>): Skip | undefined {
  const channelId = candidate.id
  if (candidate.overDailyLimit) {
    const untilMs = dayEndsAtMs?.() ?? Number.POSITIVE_INFINITY
    if (untilMs > nowMs) return { channelId, why: 'daily-limit', ...(Number.isFinite(untilMs) && { untilMs }) }
  }
  if (candidate.keyCount <= 0) return { channelId, why: 'no-keys' }
  const untilMs = readyAtMs(candidate)
  if (untilMs <= nowMs) return undefined
  if (candidate.channelRestUntilMs > nowMs) return { channelId, why: 'cooling', untilMs }
  if (candidate.modelRestUntilMs > nowMs) return { channelId, why: 'model-cooling', untilMs }
  return { channelId, why: 'all-keys-cooling', untilMs }
}

function readyAtMs(candidate: Candidate): number {
  return Math.max(candidate.channelRestUntilMs, candidate.modelRestUntilMs, candidate.keyRestUntilMs)
}

function isReadyBefore(a: Candidate, b: Candidate): boolean {
  const laterMs = readyAtMs(a) - readyAtMs(b)
  if (laterMs !== 0) return laterMs < 0
  if (a.effectivePriority !== b.effectivePriority) return a.effectivePriority > b.effectivePriority
  return a.id < b.id
}

/** Tenths, cut towards zero; the correction keeps 72.3, which is 722.999… tenths in binary, at 723. */
function levelOf(priority: number): number {
  return Math.trunc(priority * 10 + Math.sign(priority) * 1e-9) + 0 // + 0: -0 and 0 are one level
}

function* inOrder<C extends Candidate>(levels: Map<number, C[]>, input: OrderInput<C>): IterableIterator<C> {
  for (const level of [...levels.keys()].sort((a, b) => b - a)) {
    const members = byId(levels.get(level) ?? [])
    const preferred = members.find((member) => member.id === input.preferId)
    if (preferred === undefined) {
      yield* turnOf(members, input)
      continue
    }
    yield preferred
    yield* turnOf(
      members.filter((member) => member !== preferred),
      input,
    )
  }
}

function* turnOf<C extends Candidate>(members: readonly C[], input: OrderInput<C>): IterableIterator<C> {
  if (members.length === 0) return
  const first = members.length === 1 ? 0 : firstOf(members, input)
  const winner = members[first]
  if (winner !== undefined) yield winner
  for (let at = 0; at < members.length; at++) {
    const member = members[at]
    if (at !== first && member !== undefined) yield member
  }
}

function firstOf<C extends Candidate>(members: readonly C[], input: OrderInput<C>): number {
  const weights = members.map((member) => member.weight)
  return smoothTurn(weights, input.ticket(groupKeyOf(members)), input.cache)
}

/**
 * FNV-1a over the 32-bit ids: every set of channels has a turn of its own, whatever the model that brought it together.
 */
function groupKeyOf(members: readonly Candidate[]): number {
  let hash = 0x811c9dc5
  for (const { id } of members) {
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((id >>> shift) & 0xff), 0x01000193)
  }
  return hash >>> 0
}

function byId<C extends Candidate>(members: readonly C[]): readonly C[] {
  const isSorted = members.every((member, at) => at === 0 || (members[at - 1]?.id ?? 0) < member.id)
  return isSorted ? members : members.toSorted((a, b) => a.id - b.id)
}
