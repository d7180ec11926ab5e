import type { Failure } from '../core/failure.ts'
import type { TokenLimits } from '../core/snapshot.ts'
import { type AddressRanges, addressRanges, isInRanges } from './client-address.ts'
import { type Asking, type Entry, enterLimits, type LimitDeps } from './enter-limits.ts'
import type { Client } from './exchange.ts'

export type TokenEntry =
  | { readonly ok: true; readonly leave: () => void }
  | { readonly ok: false; readonly failure: Failure }

export type TokenAsking = Omit<Asking, 'unknown'>
type Waiting = TokenAsking & { readonly client: Pick<Client, 'gone'> }

const FREE: TokenEntry = { ok: true, leave: () => {} }
const MIN_PAUSE_MS = 4
const MAX_PAUSE_MS = 64
const MAX_WAIT_MS = 2_000
const NANO_PER_MICRO = 1_000

/**
 * What a request takes of its token's limits. Money that others hold is waited for, a moment: those that are over are
 * charged within some 20 ms, and a guess that was too high is put right by the first of them.
 *
 * Returns at once, without a promise, unless it has to wait.
 */
export function enterToken(
  deps: LimitDeps,
  limits: TokenLimits | undefined,
  asking: Waiting,
): TokenEntry | Promise<TokenEntry> {
  if (limits === undefined) return FREE
  const entry = enterLimits(deps, limits, { ...asking, unknown: 'held' })
  return isHeldByOthers(entry) ? waitForMoney(deps, limits, asking) : outcome(entry, limits)
}

async function waitForMoney(deps: LimitDeps, limits: TokenLimits, asking: Waiting): Promise<TokenEntry> {
  const endMs = deps.clock.monoMs() + MAX_WAIT_MS
  const gone = asking.client.gone()
  for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    await Bun.sleep(pauseMs)
    if (gone.aborted) return { ok: false, failure: { kind: 'client-gone' } } // nobody is there to be asked for
    const entry = enterLimits(deps, limits, { ...asking, unknown: 'held' })
    if (!isHeldByOthers(entry) || deps.clock.monoMs() >= endMs) return outcome(entry, limits)
  }
}

function isHeldByOthers(entry: Entry): boolean {
  return !entry.ok && entry.why === 'money' && !entry.isSpent
}

function outcome(entry: Entry, limits: TokenLimits): TokenEntry {
  return entry.ok ? entry : { ok: false, failure: failureOf(entry, limits) }
}

function failureOf(entry: Extract<Entry, { ok: false }>, limits: TokenLimits): Failure {
  if (entry.why === 'money') {
    const { purse, waitMs } = entry
    return {
      kind: 'cost-limit',
      period: purse.period,
      usedMicroUsd: Math.floor(purse.usedNanoUsd / NANO_PER_MICRO),
      limitMicroUsd: Math.floor(purse.limitNanoUsd / NANO_PER_MICRO),
      ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    }
  }
  const { why, waitMs } = entry
  return {
    kind: 'rate-limit',
    what: why,
    limit: why === 'rpm' ? limits.rpm : limits.maxConcurrency,
    retryAfterMs: waitMs,
  }
}

/** Whether a client at this address may use the token at all. */
export function mayComeFrom(limits: TokenLimits | undefined, address: string): boolean {
  if (limits === undefined || limits.addresses.length === 0) return true
  let ranges = rangesOf.get(limits)
  if (ranges === undefined) {
    ranges = addressRanges(limits.addresses)
    rangesOf.set(limits, ranges)
  }
  return isInRanges(address, ranges)
}

/** Made on first use, kept as long as the snapshot that the limits stand in. */
const rangesOf = new WeakMap<TokenLimits, AddressRanges>()
