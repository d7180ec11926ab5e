import type { Blame, Next, Verdict } from './failure.ts'
import type { Skip, SkipReason } from './order-channels.ts'

/*
 * What a log row says about how a request was decided, where it is more than the row itself shows: the column `decision`.
 * It is JSON, short, and bounded; the pieces are put together as text, because the first of them is the same for all
 * requests of a model as long as nobody's rest changes.
 */

/** A channel that was passed over: id, why, and when it can be tried again (Unix ms), where that is known. */
export type SkipNote = readonly [channelId: number, why: SkipReason, untilMs?: number]

/** Why no further attempt was made. */
export type Over = 'nobody-left' | 'verdict' | 'max-attempts' | 'retry-budget' | 'client-gone'

/** A rest as the failure of an attempt has written it. */
export type RestNote = {
  readonly scope: 'channel' | 'key' | 'model'
  readonly since: number
  readonly until: number
  /** Doublings of the first step; absent when the instant was named, by the upstream or by a rule. */
  readonly step?: number
  /** The named instant lay beyond 7 days and was cut to that. */
  readonly capped?: true
}

export type VerdictNote = {
  readonly blame: Blame
  readonly next: Next
  /** Status the client would see when this was the last word. */
  readonly client: number
  readonly rule?: string
  readonly rest?: RestNote
}

export type Decision = {
  /** Who could be asked when the request came, id and priority in force, the highest first, then by id. */
  readonly among?: readonly (readonly [channelId: number, priority: number])[]
  /** How many more there were. */
  readonly more?: number
  readonly skips?: readonly SkipNote[]
  readonly moreSkips?: number
  /** How many have the model, but not for this token. */
  readonly barred?: number
  /** The channel on which the session sat. */
  readonly seat?: number
  /** 1: everybody rested, and the one that is ready first was asked all the same. */
  readonly lastResort?: number
  /** Passed over when their turn came, right before this attempt. */
  readonly passed?: readonly SkipNote[]
  readonly verdict?: VerdictNote
  readonly over?: Over
}

const MAX_AMONG = 16
const MAX_SKIPS = 32
const MAX_PASSED = 32

type Ranked = { readonly id: number; readonly effectivePriority: number }

export type Field = {
  readonly candidates: readonly Ranked[]
  readonly skipped: readonly Skip[]
  readonly barred: number
  readonly isLastResort: boolean
}

/**
 * The members that tell who was considered; `''` where the row says as much: one candidate, and nobody passed over.
 *
 * Cost: O(candidates), once for each standing of them.
 */
export function consideredText({ candidates, skipped, barred, isLastResort }: Field): string {
  if (candidates.length === 1 && skipped.length === 0 && barred === 0 && !isLastResort) return ''
  const skippedIds = new Set(skipped.map(({ channelId }) => channelId))
  const able = candidates.filter(({ id }) => !skippedIds.has(id))
  const among = firstOf(able).map(({ id, effectivePriority }) => [id, Math.round(effectivePriority * 10) / 10])
  return joined([
    `"among":${JSON.stringify(among)}`,
    able.length > among.length ? `"more":${able.length - among.length}` : '',
    skipped.length > 0 ? `"skips":${skipsText(skipped.slice(0, MAX_SKIPS))}` : '',
    skipped.length > MAX_SKIPS ? `"moreSkips":${skipped.length - MAX_SKIPS}` : '',
    barred > 0 ? `"barred":${barred}` : '',
    isLastResort ? '"lastResort":1' : '',
  ])
}

/** Members put behind members. */
export function withSeat(members: string, channelId: number): string {
  return joined([members, `"seat":${channelId}`])
}

export function withPassed(members: string, passed: readonly Skip[]): string {
  return passed.length === 0 ? members : joined([members, `"passed":${skipsText(passed.slice(0, MAX_PASSED))}`])
}

export function withVerdict(members: string, { blame, next, clientStatus, rule }: Verdict, rest?: RestNote): string {
  const note: VerdictNote = { blame, next, client: clientStatus, ...(rule && { rule }), ...(rest && { rest }) }
  return joined([members, `"verdict":${JSON.stringify(note)}`])
}

/** That nobody was left is what everybody expects: it needs no word. */
export function withOver(members: string, over: Over): string {
  return over === 'nobody-left' ? members : joined([members, `"over":"${over}"`])
}

/** What a row stores; `undefined` when there is nothing to say. */
export function decisionText(members: string): string | undefined {
  return members === '' ? undefined : `{${members}}`
}

function skipsText(skips: readonly Skip[]): string {
  return JSON.stringify(
    skips.map(({ channelId, why, untilMs }) =>
      untilMs === undefined ? [channelId, why] : [channelId, why, Math.ceil(untilMs)],
    ),
  )
}

function joined(members: readonly string[]): string {
  return members.filter((member) => member !== '').join(',')
}

/** The first `MAX_AMONG` by priority and id, without sorting thousands. */
function firstOf(able: readonly Ranked[]): readonly Ranked[] {
  const first: Ranked[] = []
  for (const one of able) {
    const last = first[MAX_AMONG - 1]
    if (last !== undefined && !isBefore(one, last)) continue
    let at = first.length
    for (let before = first[at - 1]; before !== undefined && isBefore(one, before); before = first[at - 1]) at--
    first.splice(at, 0, one)
    if (first.length > MAX_AMONG) first.pop()
  }
  return first
}

function isBefore(a: Ranked, b: Ranked): boolean {
  return a.effectivePriority === b.effectivePriority ? a.id < b.id : a.effectivePriority > b.effectivePriority
}
