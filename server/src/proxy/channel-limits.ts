import type { Skip } from '../core/order-channels.ts'
import type { Channel } from '../core/snapshot.ts'
import { enterLimits, type LimitDeps } from './enter-limits.ts'
import type { TokenAsking } from './token-limits.ts'

/** Let in, with what gives it back; or passed over, and why. */
export type ChannelEntry =
  | { readonly ok: true; readonly leave: () => void }
  | { readonly ok: false; readonly skip: Skip }

const REASONS = { money: 'daily-limit', concurrency: 'busy', rpm: 'rpm-limit' } as const

/**
 * Takes what one attempt needs of a channel's limits. Asked when the channel is reached, not before: a request that is
 * served by an earlier one takes nothing here.
 */
export function enterChannel(
  deps: LimitDeps,
  { id: channelId, limits }: Pick<Channel, 'id' | 'limits'>,
  asking: TokenAsking,
): ChannelEntry {
  const entry = enterLimits(deps, limits, { ...asking, unknown: 'running' })
  if (entry.ok) return entry
  const { why, waitMs } = entry
  return {
    ok: false,
    skip: { channelId, why: REASONS[why], ...(waitMs !== undefined && { untilMs: deps.clock.nowMs() + waitMs }) },
  }
}
