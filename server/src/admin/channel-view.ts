import type { Channel, ChannelList, Keys } from '@ccload/contract/channels.ts'
import type { RunningRest } from '../control/control.ts'
import { remainingMs } from '../core/cooldown.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import { isoTime } from './iso-time.ts'
import type { RestBoard } from './rest-board.ts'

/** A channel by itself: its rest as Unix seconds. Never contains a key. */
export function channelView(channel: StoredChannel, board: RestBoard): Channel {
  const rest = board.of({ scope: 'channel', channelId: channel.id })
  return { ...fieldsOf(channel, rest), cooldown_until: secondsOf(rest) }
}

/** A channel in the list: its rests and those of its keys and models as text, and only while they run. */
export function channelListView(channel: StoredChannel, board: RestBoard): ChannelList[number] {
  const channelId = channel.id
  const rest = board.of({ scope: 'channel', channelId })
  return {
    ...fieldsOf(channel, rest),
    ...restView(rest, board.nowMs),
    key_cooldowns: channel.keys.map((key) => ({
      key_index: key.index,
      ...restView(board.of({ scope: 'key', channelId, keyId: key.id }), board.nowMs),
    })),
    model_cooldowns: board
      .ofModels(channelId)
      .map((model) => ({ model: model.model, ...restView(model, board.nowMs) })),
  }
}

/** The keys in plain text: for the one page that reveals them. */
export function keysView(channel: StoredChannel, board: RestBoard): Keys {
  return channel.keys.map((key) => {
    const rest = board.of({ scope: 'key', channelId: channel.id, keyId: key.id })
    return {
      id: key.id,
      channel_id: channel.id,
      key_index: key.index,
      api_key: key.apiKey,
      key_strategy: channel.keyStrategy,
      cooldown_until: secondsOf(rest),
      cooldown_duration_ms: lengthMs(rest),
      created_at: key.createdAtS,
      updated_at: key.updatedAtS,
    }
  })
}

function fieldsOf(channel: StoredChannel, rest: RunningRest | undefined): Omit<Channel, 'cooldown_until'> {
  return {
    id: channel.id,
    name: channel.name,
    channel_type: channel.type,
    url: channel.url,
    priority: channel.priority,
    enabled: channel.enabled,
    key_strategy: channel.keyStrategy,
    models: channel.models.map(({ name, redirect }) => ({ model: name, redirect_model: redirect || name })),
    cooldown_duration_ms: lengthMs(rest),
    daily_cost_limit: channel.dailyCostLimitUsd,
    cost_multiplier: channel.costMultiplier,
    rpm_limit: channel.rpmLimit,
    max_concurrency: channel.maxConcurrency,
    ask_for_usage: channel.askForUsage,
    created_at: channel.createdAtS,
    updated_at: channel.updatedAtS,
    key_count: channel.keys.length,
  }
}

function restView(rest: RunningRest | undefined, nowMs: number) {
  if (rest === undefined) return {}
  return {
    cooldown_until: isoTime(rest.untilMs),
    cooldown_remaining_ms: Math.ceil(remainingMs(rest, nowMs)),
    ...(rest.why === undefined ? {} : { cooldown_reason: rest.why.reason }),
  }
}

/** Rounded up: a client that waits until then finds it over. */
function secondsOf(rest: RunningRest | undefined): number {
  return rest === undefined ? 0 : Math.ceil(rest.untilMs / 1000)
}

function lengthMs(rest: RunningRest | undefined): number {
  return rest === undefined ? 0 : Math.max(0, Math.round(rest.untilMs - rest.sinceMs))
}
