import type { FeedRow, UsdPlan } from './feed.ts'
import { PRIORITY } from './priority.ts'
import { discounted, isOpenAiModel, nanoOfUsd, type Plan, type Price, ratesOf } from './rates.ts'

/** When a price holds instead of the usual one: from an instant on, or for a part of every UTC day. */
type When = { readonly fromMs: number } | { readonly fromMinute: number; readonly toMinute: number }

/** All prices that one model has, by time. */
export type MadePrices = {
  readonly usual: Price
  readonly later: readonly { readonly when: When; readonly price: Price }[]
}

export type RowOf = {
  readonly row: FeedRow
  readonly source: Price['source']
  /** The row of its fast mode, where that has one. */
  readonly fast: FeedRow | undefined
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
const PER_THOUSAND = 1_000
/** Source: https://openai.com/api/pricing (Batch, Flex), https://platform.claude.com/docs/en/about-claude/pricing (Batch). */
const HALF = 50

/** @param model  Name of the row. */
export function makePrices(model: string, { row, source, fast }: RowOf): MadePrices {
  const priceOn = (plan: UsdPlan): Price => ({
    model,
    source,
    plans: plansOf(model, planOf(model, plan), { fast, priority: source === 'own' ? undefined : PRIORITY[model] }),
    webSearchNanoUsd: nanoOfUsd((row.searches ?? 0) / PER_THOUSAND),
    requestNanoUsd: nanoOfUsd((row.requests ?? 0) / PER_THOUSAND),
  })
  const later = (row.later ?? []).map((plan) => ({ when: whenOf(plan), price: priceOn(plan) }))
  return { usual: priceOn(row), later }
}

/** The price that holds at an instant; the last of those that could wins. */
export function priceIn({ usual, later }: MadePrices, atMs: number): Price {
  let price = usual
  for (const { when, price: other } of later) if (holds(when, atMs)) price = other
  return price
}

function holds(when: When, atMs: number): boolean {
  if ('fromMs' in when) return atMs >= when.fromMs
  const minute = Math.floor(atMs / MINUTE_MS) % DAY_MINUTES
  return minute >= when.fromMinute && minute < when.toMinute
}

function whenOf(plan: NonNullable<FeedRow['later']>[number]): When {
  if ('from' in plan) return { fromMs: Date.parse(`${plan.from}T00:00:00Z`) }
  const [from = '', to = ''] = plan.between
  return { fromMinute: minuteOf(from), toMinute: minuteOf(to) }
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
}

function planOf(model: string, plan: UsdPlan): Plan {
  const steps = (plan.steps ?? []).map((step) => ({ aboveTokens: step.above, rates: ratesOf(model, step) }))
  return { rates: ratesOf(model, plan), steps: steps.sort((a, b) => a.aboveTokens - b.aboveTokens) }
}

type Extra = { readonly fast: FeedRow | undefined; readonly priority: UsdPlan | undefined }

function plansOf(model: string, standard: Plan, { fast, priority }: Extra): Price['plans'] {
  const isOpenAi = isOpenAiModel(model)
  const isGemini = model.startsWith('gemini-')
  const half = isOpenAi || isGemini || model.startsWith('claude-') ? discounted(standard, HALF) : undefined
  return {
    standard,
    ...(half && { batch: half }),
    ...(half && (isOpenAi || isGemini) && { flex: half }),
    ...(priority && { priority: { rates: ratesOf(model, priority), steps: standard.steps } }),
    ...(fast && { fast: planOf(model, fast) }),
  }
}
