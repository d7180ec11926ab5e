/** Prices of tokens, in nano-USD (1e-9 USD) for a million tokens. All are whole numbers >= 0, so nothing drifts. */
export type Rates = {
  readonly inputNanoPerMTok: number
  readonly outputNanoPerMTok: number
  readonly cacheReadNanoPerMTok: number
  /** Cache writes that live five minutes, and those whose life is not reported. */
  readonly cacheWrite5mNanoPerMTok: number
  readonly cacheWrite1hNanoPerMTok: number
}

/** What a prompt costs by its length: `rates`, and from the last step that it is longer than, those of the step. */
export type Plan = {
  readonly rates: Rates
  /** By `aboveTokens`, smallest first. A prompt of exactly `aboveTokens` still costs what is before the step. */
  readonly steps: readonly { readonly aboveTokens: number; readonly rates: Rates }[]
}

/** How an upstream may be asked to work, by the names it answers with in `service_tier` (`fast`: in `speed`). */
export type ServiceTier = 'standard' | 'priority' | 'flex' | 'batch' | 'fast'

/** What one model costs at one moment. */
export type Price = {
  /** Name of the row that was found, in lower case: what the charge is made by. */
  readonly model: string
  /** `table`: the built-in table; `feed`: the data of `dataDate`; `own`: an override of the administrator. */
  readonly source: 'table' | 'feed' | 'own'
  /** Tiers that cost something else; one that is missing here costs the same as `standard`. */
  readonly plans: { readonly standard: Plan } & { readonly [Tier in ServiceTier]?: Plan }
  /** For each search on the web that the vendor made while answering; 0 = none or not known. */
  readonly webSearchNanoUsd: number
  /** For each answered request; 0 = none. */
  readonly requestNanoUsd: number
}

/** Prices as people and vendors write them, in USD for a million tokens. What is left out follows from `input`. */
export type UsdRates = {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite5m?: number
  readonly cacheWrite1h?: number
}

const NANO = 1_000_000_000
const WRITE_5M_PERCENT = 125
const WRITE_1H_PERCENT = 200

/** USD in nano-USD. Decimals beyond the ninth are rounded. */
export function nanoOfUsd(usd: number): number {
  return Math.round(usd * NANO)
}

/**
 * Rates of a model with what its row leaves out: cache reads at the share that is usual for its name, cache writes at
 * 1.25 (5 minutes) and 2 times (1 hour) the input, or at the input itself where the vendor charges no extra.
 *
 * @param model  Lower case, without vendor prefix.
 */
export function ratesOf(model: string, usd: UsdRates): Rates {
  const inputNano = nanoOfUsd(usd.input)
  const percent = (share: number): number => Math.round((inputNano * share) / 100)
  const isPlain = isOpenAiModel(model)
  const writeNano =
    usd.cacheWrite5m === undefined ? percent(isPlain ? 100 : WRITE_5M_PERCENT) : nanoOfUsd(usd.cacheWrite5m)
  const write1hNano = isPlain ? writeNano : percent(WRITE_1H_PERCENT)
  return {
    inputNanoPerMTok: inputNano,
    outputNanoPerMTok: nanoOfUsd(usd.output),
    cacheReadNanoPerMTok: usd.cacheRead === undefined ? percent(cacheReadPercent(model)) : nanoOfUsd(usd.cacheRead),
    cacheWrite5mNanoPerMTok: writeNano,
    cacheWrite1hNanoPerMTok: usd.cacheWrite1h === undefined ? write1hNano : nanoOfUsd(usd.cacheWrite1h),
  }
}

const OPEN_AI = /^(?:gpt-|chatgpt-|o1|o3|o4|davinci-|babbage-|codex-|computer-use-preview|text-embedding-)/

/**
 * Models of OpenAI, which take nothing on top for writing to the cache: written tokens cost what input costs. (From
 * GPT-5.6 on writing has a price of its own, which their rows name.)
 */
export function isOpenAiModel(model: string): boolean {
  return OPEN_AI.test(model)
}

/** What a cached input token costs of an uncached one where no row says it, in percent. */
export function cacheReadPercent(model: string): number {
  if (!isOpenAiModel(model) || model.startsWith('gpt-5')) return 10
  if (model.startsWith('gpt-4.1') || model.startsWith('o4') || model.startsWith('codex-mini')) return 25
  return model.startsWith('o3') && !model.includes('mini') ? 25 : 50
}

/** A plan at a part of its price, for tiers with a discount on everything. */
export function discounted(plan: Plan, percent: number): Plan {
  return {
    rates: scaled(plan.rates, percent),
    steps: plan.steps.map((step) => ({ ...step, rates: scaled(step.rates, percent) })),
  }
}

function scaled(rates: Rates, percent: number): Rates {
  const part = (nano: number): number => Math.round((nano * percent) / 100)
  return {
    inputNanoPerMTok: part(rates.inputNanoPerMTok),
    outputNanoPerMTok: part(rates.outputNanoPerMTok),
    cacheReadNanoPerMTok: part(rates.cacheReadNanoPerMTok),
    cacheWrite5mNanoPerMTok: part(rates.cacheWrite5mNanoPerMTok),
    cacheWrite1hNanoPerMTok: part(rates.cacheWrite1hNanoPerMTok),
  }
}
