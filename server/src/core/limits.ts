import { ANY_MODEL } from './match-model.ts'
import type { ApiToken, TokenLimits, UseLimits } from './snapshot.ts'

/** True from the instant of expiry on. 0 = never. */
export function isExpired(token: Pick<ApiToken, 'expiresAtMs'>, nowMs: number): boolean {
  return token.expiresAtMs > 0 && nowMs >= token.expiresAtMs
}

/**
 * Whether a token may ask for a model, compared without regard to case, as the client wrote it (before any redirect).
 *
 * @param model  `undefined` or `*` when the request names none: refused to a restricted token.
 */
export function mayUseModel(token: Pick<ApiToken, 'allowedModels'>, model: string | undefined): boolean {
  if (token.allowedModels.length === 0) return true
  if (model === undefined || model === ANY_MODEL) return false
  const wanted = model.toLowerCase()
  return token.allowedModels.some((allowed) => allowed.toLowerCase() === wanted)
}

/** What somebody with limits has spent, nano-USD. */
export type Spend = { readonly totalNanoUsd: number; readonly dayNanoUsd: number; readonly monthNanoUsd: number }

/** When the running day and month end, Unix ms: from then on nothing of `dayNanoUsd` or `monthNanoUsd` counts. */
export type SpendPeriods = { readonly dayEndsAtMs: number; readonly monthEndsAtMs: number }

export type CostPeriod = 'total' | 'day' | 'month'

/** The cost limit that binds. */
export type Purse = {
  readonly period: CostPeriod
  readonly usedNanoUsd: number
  readonly limitNanoUsd: number
  /** Unix ms; infinite for all time. */
  readonly endsAtMs: number
}

const NANO_PER_MICRO = 1_000

export type CostLimits = Pick<UseLimits, 'costMicroUsd' | 'dailyCostMicroUsd' | 'monthlyCostMicroUsd'>

export function hasCostLimit(limits: CostLimits): boolean {
  return limits.costMicroUsd > 0 || limits.dailyCostMicroUsd > 0 || limits.monthlyCostMicroUsd > 0
}

/**
 * The cost limit that binds now: of those that are spent the one that lasts longest, else the one with the least left.
 * `undefined` without limits.
 */
export function bindingPurse(
  limits: CostLimits,
  spend: Spend,
  { dayEndsAtMs, monthEndsAtMs, nowMs }: SpendPeriods & { readonly nowMs: number },
): Purse | undefined {
  const never = Number.POSITIVE_INFINITY
  const purses: readonly Purse[] = [
    purse('total', limits.costMicroUsd, { usedNanoUsd: spend.totalNanoUsd, endsAtMs: never }),
    purse('month', limits.monthlyCostMicroUsd, {
      usedNanoUsd: nowMs < monthEndsAtMs ? spend.monthNanoUsd : 0,
      endsAtMs: monthEndsAtMs,
    }),
    purse('day', limits.dailyCostMicroUsd, {
      usedNanoUsd: nowMs < dayEndsAtMs ? spend.dayNanoUsd : 0,
      endsAtMs: dayEndsAtMs,
    }),
  ]
  let binding: Purse | undefined
  for (const one of purses) {
    if (one.limitNanoUsd <= 0) continue
    if (leftOf(one) <= 0) return one // the longest come first
    if (binding === undefined || leftOf(one) < leftOf(binding)) binding = one
  }
  return binding
}

type Period = { readonly usedNanoUsd: number; readonly endsAtMs: number }

function purse(period: CostPeriod, limitMicroUsd: number, { usedNanoUsd, endsAtMs }: Period): Purse {
  return { period, usedNanoUsd, limitNanoUsd: limitMicroUsd * NANO_PER_MICRO, endsAtMs }
}

function leftOf({ limitNanoUsd, usedNanoUsd }: Purse): number {
  return limitNanoUsd - usedNanoUsd
}

/**
 * Whether there is money for one more, when each of the others that run costs what is typical. So what is spent passes a
 * limit by one request at most, however many come at once.
 */
export function hasMoneyFor(purse: Purse | undefined, others: number, typicalNanoUsd: number): boolean {
  return purse === undefined || others * typicalNanoUsd < leftOf(purse)
}

/**
 * What a typical request costs, after one more: rises fast and falls slowly, for money that is promised twice is worse
 * than a request that waits. Never 0, which would mean that nobody knows.
 */
export function nextTypical(beforeNanoUsd: number | undefined, costNanoUsd: number): number {
  const before = beforeNanoUsd ?? costNanoUsd
  const share = costNanoUsd > before ? 1 / 2 : 1 / 16
  return Math.max(1, Math.round(before + (costNanoUsd - before) * share))
}

/** How long until a purse is full again, ms; `undefined` when it never is. */
export function refilledInMs({ endsAtMs }: Purse, nowMs: number): number | undefined {
  return Number.isFinite(endsAtMs) ? Math.max(endsAtMs - nowMs, 1) : undefined
}

/** Whether a token may be served by a channel. Cost: linear in its list. */
export function mayUseChannel(limits: Pick<TokenLimits, 'channelIds'> | undefined, channelId: number): boolean {
  return limits === undefined || limits.channelIds.length === 0 || limits.channelIds.includes(channelId)
}
