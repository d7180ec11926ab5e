import type { Selectable } from 'kysely'
import { CHANNEL_TYPES, type ChannelType } from '../core/channel-type.ts'
import type { KeyStrategy } from '../core/snapshot.ts'
import type { StoredChannel, StoredCooldown, StoredKey, StoredModel } from '../ports/channel-store.ts'
import type { ApiKeysTable, ChannelModelsTable, ChannelsTable, KeyRotationTable } from './schema.ts'

/** Rows of some channels, each list in the order in which it is wanted. */
export type ChannelRows = {
  readonly channels: readonly Selectable<ChannelsTable>[]
  readonly keys: readonly Selectable<ApiKeysTable>[]
  readonly models: readonly Selectable<ChannelModelsTable>[]
  readonly turns: readonly Selectable<KeyRotationTable>[]
}

/** Rows to channels, in the order of `rows.channels`. Cost: linear. */
export function channelsOf(rows: ChannelRows): StoredChannel[] {
  const keys = Map.groupBy(rows.keys, (row) => row.channel_id)
  const models = Map.groupBy(rows.models, (row) => row.channel_id)
  const turns = new Map(rows.turns.map((row) => [row.channel_id, row.idx]))
  return rows.channels.map((row) => {
    const type = channelTypeOf(row.channel_type)
    return {
      id: row.id,
      name: row.name,
      type: type ?? 'anthropic',
      url: row.url,
      priority: row.priority,
      // A kind of upstream that we cannot speak to must not receive anything.
      enabled: row.enabled !== 0 && type !== undefined,
      keyStrategy: keyStrategyOf(row.key_strategy),
      dailyCostLimitUsd: row.daily_cost_limit,
      costMultiplier: row.cost_multiplier,
      rpmLimit: row.rpm_limit,
      maxConcurrency: row.max_concurrency,
      askForUsage: row.ask_for_usage !== 0,
      cooldown: cooldownOf(row),
      keys: (keys.get(row.id) ?? []).map(keyOf),
      models: (models.get(row.id) ?? []).map(modelOf),
      keyTurn: turns.get(row.id) ?? 0,
      createdAtS: row.created_at,
      updatedAtS: row.updated_at,
    }
  })
}

export function cooldownOf(row: { cooldown_until: number; cooldown_duration_ms: number }): StoredCooldown {
  return { untilMs: row.cooldown_until * 1000, durationMs: row.cooldown_duration_ms }
}

/** Whole seconds, rounded up: a rest never ends early. */
export function cooldownColumns(cooldown: StoredCooldown): { cooldown_until: number; cooldown_duration_ms: number } {
  return { cooldown_until: Math.ceil(cooldown.untilMs / 1000), cooldown_duration_ms: Math.round(cooldown.durationMs) }
}

function keyOf(row: Selectable<ApiKeysTable>, index: number): StoredKey {
  return {
    id: row.id,
    index,
    apiKey: row.api_key,
    cooldown: cooldownOf(row),
    createdAtS: row.created_at,
    updatedAtS: row.updated_at,
  }
}

function modelOf(row: Selectable<ChannelModelsTable>): StoredModel {
  return { name: row.model, redirect: row.redirect_model }
}

function channelTypeOf(text: string): ChannelType | undefined {
  return CHANNEL_TYPES.find((type) => type === text)
}

function keyStrategyOf(text: string): KeyStrategy {
  return text === 'round_robin' ? 'round_robin' : 'sequential'
}
