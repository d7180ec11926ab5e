import type { NewToken, TokenUpdate } from '@ccload/contract/auth-tokens.ts'
import { isAddressRange } from '../config/address-range.ts'
import type { Control } from '../control/control.ts'
import type { StoredToken, TokenDraft } from '../ports/token-store.ts'

const MICRO = 1_000_000

export type TokenLimitDraft = Pick<
  TokenDraft,
  | 'allowedModels'
  | 'costLimitMicroUsd'
  | 'dailyCostLimitMicroUsd'
  | 'monthlyCostLimitMicroUsd'
  | 'rpmLimit'
  | 'maxConcurrency'
  | 'allowedChannelIds'
  | 'allowedAddresses'
>

export const NO_TOKEN_LIMITS: TokenLimitDraft = {
  allowedModels: [],
  costLimitMicroUsd: 0,
  dailyCostLimitMicroUsd: 0,
  monthlyCostLimitMicroUsd: 0,
  rpmLimit: 0,
  maxConcurrency: 0,
  allowedChannelIds: [],
  allowedAddresses: [],
}

/** What a body says of limits; only what it names is in the patch. */
export function limitsPatch(body: TokenUpdate): Partial<TokenLimitDraft> {
  return {
    ...(body.allowed_models === undefined ? {} : { allowedModels: uniqueNames(body.allowed_models) }),
    ...(body.cost_limit_usd == null ? {} : { costLimitMicroUsd: microUsd(body.cost_limit_usd) }),
    ...(body.daily_cost_limit_usd == null ? {} : { dailyCostLimitMicroUsd: microUsd(body.daily_cost_limit_usd) }),
    ...(body.monthly_cost_limit_usd == null ? {} : { monthlyCostLimitMicroUsd: microUsd(body.monthly_cost_limit_usd) }),
    ...(body.rpm_limit == null ? {} : { rpmLimit: body.rpm_limit }),
    ...(body.max_concurrency == null ? {} : { maxConcurrency: body.max_concurrency }),
    ...(body.allowed_channel_ids === undefined ? {} : { allowedChannelIds: [...new Set(body.allowed_channel_ids)] }),
    ...(body.allowed_addresses === undefined ? {} : { allowedAddresses: [...new Set(body.allowed_addresses)] }),
  }
}

/**
 * What is wrong with a patch, beyond its shape. A channel that is gone is forgiven to a token that names it already, so
 * that get, edit, put works.
 */
export function complaintOfLimits(
  patch: Partial<TokenLimitDraft>,
  control: Pick<Control, 'channel'>,
  before?: Pick<StoredToken, 'allowedChannelIds'>,
): string | undefined {
  const unknown = patch.allowedChannelIds?.find(
    (id) => control.channel(id) === undefined && !before?.allowedChannelIds.includes(id),
  )
  if (unknown !== undefined) return `allowed_channel_ids: there is no channel ${unknown}`
  const unreadable = patch.allowedAddresses?.findIndex((text) => !isAddressRange(text)) ?? -1
  if (unreadable < 0) return undefined
  return `allowed_addresses[${unreadable}] must be an IP address or a CIDR range such as 10.0.0.0/8 or fd00::/8`
}

/** The limits as answers show them. */
export function limitsView(
  token: StoredToken,
): Pick<NewToken, Exclude<keyof NewToken, 'id' | 'token' | 'description' | 'created_at' | 'expires_at' | 'is_active'>> {
  return {
    cost_limit_usd: token.costLimitMicroUsd / MICRO,
    daily_cost_limit_usd: token.dailyCostLimitMicroUsd / MICRO,
    monthly_cost_limit_usd: token.monthlyCostLimitMicroUsd / MICRO,
    rpm_limit: token.rpmLimit,
    max_concurrency: token.maxConcurrency,
    allowed_models: [...token.allowedModels],
    allowed_channel_ids: [...token.allowedChannelIds],
    allowed_addresses: [...token.allowedAddresses],
  }
}

/** Rounded, so that $0.29 is 290,000; but a limit is never rounded to 0, which would mean none. */
function microUsd(usd: number): number {
  return usd === 0 ? 0 : Math.max(1, Math.round(usd * MICRO))
}

/** Names that differ only in case are one name: the limit is checked without regard to it. */
function uniqueNames(models: readonly string[]): readonly string[] {
  return [...new Map(models.toReversed().map((model) => [model.toLowerCase(), model])).values()].toReversed()
}
