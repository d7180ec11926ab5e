import { settingsOf } from '../config/settings.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import type { ChannelHealth } from './channel-health.ts'
import type { Registry } from './registry.ts'

export type RankingParts = {
  readonly registry: Registry
  readonly health: ChannelHealth
  readonly nowMs: () => number
  /** Tells proxies of channels whose place has changed. */
  readonly moved: (channels: readonly StoredChannel[]) => Promise<unknown>
}

/** Moves channels up and down by how their attempts have ended lately, when the setting says so. @returns One look. */
export function ranking({ registry, health, nowMs, moved }: RankingParts): () => Promise<void> {
  let rankedAtMs = 0
  return async () => {
    const settings = settingsOf(registry.settings)
    const isEarly = nowMs() - rankedAtMs < settings.healthScoreUpdateIntervalMs
    if (isEarly && settings.healthScoreEnabled === registry.isRanked()) return
    rankedAtMs = nowMs()
    const how = {
      penaltyWeight: settings.successRatePenaltyWeight,
      minConfidentSample: settings.healthMinConfidentSample,
      windowMs: settings.healthScoreWindowMs,
    }
    const ranks = settings.healthScoreEnabled
      ? health.priorities(registry.channels.values(), how, rankedAtMs)
      : new Map<number, number>()
    const channels = registry.rank(ranks)
    if (channels.length > 0) await moved(channels)
  }
}
