import {
  type ClearCooldown,
  COOLDOWN_ROUTES,
  type Cooldown,
  clearCooldownBody,
  cooldownBody,
} from '@ccload/contract/cooldowns.ts'
import type { RunningRest } from '../control/control.ts'
import { remainingMs } from '../core/cooldown.ts'
import type { CooldownTarget, StoredChannel } from '../ports/channel-store.ts'
import { keyIndexOf } from './channel-keys.ts'
import { NOT_FOUND, withChannel } from './channel-parts.ts'
import type { AdminDeps } from './deps.ts'
import { type Ask, type Endpoint, endpoint, endpointWithBody } from './endpoint.ts'
import { done, type Reply, refused } from './reply.ts'

const NO_KEY = refused(404, 'key not found')
const NO_MODEL = refused(404, 'model not found')
const INVALID_INDEX = refused(400, 'invalid key index')

/** What rests, why, and the ways to set and end it by hand. */
export function cooldownEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [
    endpoint(COOLDOWN_ROUTES.stats, () => stats(deps)),
    endpoint(COOLDOWN_ROUTES.list, () => list(deps)),
    endpointWithBody(COOLDOWN_ROUTES.clear, clearCooldownBody, (body) => clearOne(deps, body)),
    endpointWithBody(COOLDOWN_ROUTES.setChannel, cooldownBody, ({ duration_ms }, ask) =>
      withChannel(deps, ask, ({ id }) => {
        const target: CooldownTarget = { scope: 'channel', channelId: id }
        return set(deps, { target, durationMs: duration_ms, message: `渠道已冷却 ${duration_ms} 毫秒` })
      }),
    ),
    endpoint(COOLDOWN_ROUTES.clearChannel, (ask) =>
      withChannel(deps, ask, ({ id }) => clear(deps, { scope: 'channel', channelId: id })),
    ),
    endpoint(COOLDOWN_ROUTES.clearAllOfChannel, (ask) => withChannel(deps, ask, (channel) => clearAll(deps, channel))),
    endpointWithBody(COOLDOWN_ROUTES.setKey, cooldownBody, ({ duration_ms }, ask) =>
      withKey(deps, ask, (target, index) =>
        set(deps, { target, durationMs: duration_ms, message: `Key #${index + 1} 已冷却 ${duration_ms} 毫秒` }),
      ),
    ),
    endpoint(COOLDOWN_ROUTES.clearKey, (ask) => withKey(deps, ask, (target) => clear(deps, target))),
  ]
}

function withKey(
  deps: AdminDeps,
  ask: Ask,
  run: (target: CooldownTarget, index: number) => Reply,
): Promise<Reply> | Reply {
  return withChannel(deps, ask, (channel) => {
    const index = keyIndexOf(ask)
    if (index === undefined) return INVALID_INDEX
    const target = keyTarget(channel, index)
    return target === undefined ? NO_KEY : run(target, index)
  })
}

function keyTarget(channel: StoredChannel, index: number): CooldownTarget | undefined {
  const key = channel.keys.find((candidate) => candidate.index === index)
  return key && { scope: 'key', channelId: channel.id, keyId: key.id }
}

type Setting = { readonly target: CooldownTarget; readonly durationMs: number; readonly message: string }

function set({ control, clock }: AdminDeps, { target, durationMs, message }: Setting): Reply {
  return control.setRest(target, clock.nowMs() + durationMs) ? done({ message }) : NOT_FOUND
}

function clear({ control }: AdminDeps, target: CooldownTarget): Reply {
  return control.clearRest(target) ? done({ message: '冷却已清除' }) : NOT_FOUND
}

/** Models that rest but stand in no list any more are cleared too. */
function clearAll({ control }: AdminDeps, { id: channelId, keys, models }: StoredChannel): Reply {
  control.clearRest({ scope: 'channel', channelId })
  for (const key of keys) control.clearRest({ scope: 'key', channelId, keyId: key.id })
  for (const { name } of models) control.clearRest({ scope: 'model', channelId, model: name })
  return done({ message: '渠道及其 Key、模型的冷却已全部清除' })
}

function clearOne(deps: AdminDeps, body: ClearCooldown): Reply {
  const channel = deps.control.channel(body.channel_id)
  if (channel === undefined) return NOT_FOUND
  switch (body.scope) {
    case 'channel':
      return clear(deps, { scope: 'channel', channelId: channel.id })
    case 'key': {
      const target = keyTarget(channel, body.key_index)
      return target === undefined ? NO_KEY : clear(deps, target)
    }
    case 'model': {
      const known = channel.models.some(({ name }) => name === body.model)
      return known ? clear(deps, { scope: 'model', channelId: channel.id, model: body.model }) : NO_MODEL
    }
  }
}

function runningRests({ control, clock }: AdminDeps): readonly RunningRest[] {
  return control.rests().filter((rest) => remainingMs(rest, clock.nowMs()) > 0)
}

function stats(deps: AdminDeps): Reply {
  const rests = runningRests(deps)
  const count = (scope: CooldownTarget['scope']): number => rests.filter((rest) => rest.scope === scope).length
  return done({
    channel_cooldowns: count('channel'),
    key_cooldowns: count('key'),
    model_cooldowns: count('model'),
  })
}

function list(deps: AdminDeps): Reply {
  const nowMs = deps.clock.nowMs()
  const rests = runningRests(deps).toSorted((a, b) => a.untilMs - b.untilMs)
  const views = rests.flatMap((rest) => {
    const channel = deps.control.channel(rest.channelId)
    return channel === undefined ? [] : [restView(rest, channel, nowMs)]
  })
  return done(views, { count: views.length })
}

function restView(rest: RunningRest, channel: StoredChannel, nowMs: number): Cooldown {
  const key = rest.scope === 'key' ? channel.keys.find(({ id }) => id === rest.keyId) : undefined
  return {
    scope: rest.scope,
    channel_id: channel.id,
    channel_name: channel.name,
    ...(key === undefined ? {} : { key_index: key.index }),
    ...(rest.scope === 'model' ? { model: rest.model } : {}),
    reason: rest.why?.reason ?? '',
    status_code: rest.why?.statusCode ?? 0,
    request_id: rest.why?.requestId ?? '',
    since_ms: Math.floor(rest.sinceMs),
    until_ms: Math.ceil(rest.untilMs),
    remaining_ms: Math.ceil(remainingMs(rest, nowMs)),
    step_ms: Math.max(0, Math.round(rest.untilMs - rest.sinceMs)),
    ...(rest.why?.step === undefined ? {} : { step: rest.why.step }),
    capped: rest.why?.capped === true,
  }
}
