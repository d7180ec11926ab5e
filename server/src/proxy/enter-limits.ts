import { guessCost } from '../core/guess-cost.ts'
import { bindingPurse, hasCostLimit, hasMoneyFor, type Purse, refilledInMs } from '../core/limits.ts'
import { priceOf } from '../core/price-book.ts'
import type { UseLimits } from '../core/snapshot.ts'
import type { MeterCell } from '../ports/meters.ts'
import type { ProxyDeps } from './deps.ts'
import type { View } from './view.ts'

/**
 * What is asked, as far as limits need to know. `unknown`: as long as nobody knows what is typical, a guess is held for
 * each until it is charged (`held`, the caller may wait a moment for that), or for those that still run (`running`).
 */
export type Asking = { readonly model: string; readonly bodyBytes: number; readonly unknown: 'held' | 'running' }

/**
 * Let in, with what gives everything back once it is over; or which limit stands in the way. `waitMs`: until it may be
 * worth to try again, absent when it never is; `purse`: the cost limit that binds.
 */
export type Entry =
  | { readonly ok: true; readonly leave: () => void }
  | {
      readonly ok: false
      readonly why: 'money'
      readonly purse: Purse
      /** False: there is money, and others hold it. */
      readonly isSpent: boolean
      readonly waitMs: number | undefined
    }
  | { readonly ok: false; readonly why: 'concurrency' | 'rpm'; readonly waitMs: number }

export type LimitDeps = Pick<ProxyDeps, 'shared' | 'clock' | 'report'> & { readonly view: () => Pick<View, 'book'> }

const FREE: Entry = { ok: true, leave: () => {} }
/** Money or a place is free again when another request ends, which nobody knows. */
const SOON_MS = 1_000
const ANY_NUMBER = 2 ** 31 - 1

/**
 * Money, a place, and a count in the minute, in this order: what is refused takes nothing. Place and money are given
 * back when it is over; the money by control, which charges first.
 *
 * Cost: a few atomic operations for each limit that is set; nothing without.
 */
export function enterLimits(deps: LimitDeps, limits: UseLimits | undefined, asking: Asking): Entry {
  if (limits?.meter === undefined) return FREE
  const { meters } = deps.shared
  const { meter, maxConcurrency, rpm } = limits
  const nowMs = deps.clock.nowMs()
  const isCharged = hasCostLimit(limits)
  const lacking = isCharged ? holdMoney(deps, limits, { ...asking, meter, nowMs }) : undefined
  if (lacking) return lacking
  const isPlaced = isCharged || maxConcurrency > 0
  if (isPlaced && !meters.enter(meter, maxConcurrency > 0 ? maxConcurrency : ANY_NUMBER)) {
    if (isCharged) meters.release(meter, meters.row)
    return { ok: false, why: 'concurrency', waitMs: SOON_MS }
  }
  const waitMs = rpm > 0 ? meters.count(meter, rpm, nowMs) : 0
  if (waitMs > 0) {
    if (isCharged) meters.release(meter, meters.row)
    if (isPlaced) meters.leave(meter)
    return { ok: false, why: 'rpm', waitMs }
  }
  return {
    ok: true,
    leave() {
      if (isPlaced) meters.leave(meter)
      if (isCharged) deps.report.closed(meter)
    },
  }
}

type Holding = Asking & { readonly meter: MeterCell; readonly nowMs: number }

/** `undefined`: it is held. What has been spent is read after the holds of others: control charges before it releases. */
function holdMoney(deps: LimitDeps, limits: UseLimits, holding: Holding): Entry | undefined {
  const { meters } = deps.shared
  const { meter, nowMs, unknown } = holding
  const guess = meters.typical(meter) === 0 ? guessOf(deps, holding) : 0
  if (guess > 0 && unknown === 'held') meters.guessTypical(meter, guess)
  let purse: Purse | undefined
  const isHeld = meters.hold(meter, (held) => {
    purse = bindingPurse(limits, meters.spend(meter), { ...meters.periods(), nowMs })
    const typical = meters.typical(meter)
    return typical > 0 ? hasMoneyFor(purse, held, typical) : hasMoneyFor(purse, meters.inside(meter), guess)
  })
  if (isHeld || purse === undefined) return undefined
  const isSpent = purse.usedNanoUsd >= purse.limitNanoUsd
  return { ok: false, why: 'money', purse, isSpent, waitMs: isSpent ? refilledInMs(purse, nowMs) : SOON_MS }
}

function guessOf({ view }: LimitDeps, { model, bodyBytes, nowMs }: Holding): number {
  return guessCost(priceOf(view().book(), model, nowMs), bodyBytes)
}
