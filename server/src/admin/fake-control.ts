import { defaultSettings } from '../config/settings.ts'
import type { Change, Control, RunningRest, Simulated, SimulationAsk } from '../control/control.ts'
import { PriceDesk } from '../control/price-desk.ts'
import type { SettingValues } from '../core/snapshot.ts'
import type { LogQuery, StoredLogRow } from '../ports/attempt-log.ts'
import type { ChannelDraft, CooldownTarget, StoredChannel } from '../ports/channel-store.ts'
import type { StatisticsQuery } from '../ports/statistics.ts'
import { StoreError } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { fakeStatistics } from './fake-statistics.ts'

/** What a `fakeControl` holds; tests look into it and change it. */
export type FakeState = {
  readonly nowMs: () => number
  readonly channels: StoredChannel[]
  readonly tokens: StoredToken[]
  readonly spends: Map<number, { readonly todayMicroUsd: number; readonly monthMicroUsd: number }>
  /** Hash to expiry, Unix seconds. */
  readonly sessions: Map<string, number>
  settings: SettingValues
  readonly settingTimes: Map<string, number>
  /** What the log was asked for. */
  readonly queries: LogQuery[]
  /** What the statistics were asked for. */
  readonly asked: StatisticsQuery[]
  /** What was to be simulated, and what comes of it; `undefined` = there is no such token. */
  readonly simulations: SimulationAsk[]
  simulated: Simulated | undefined
  rows: readonly StoredLogRow[]
  running: Awaited<ReturnType<Control['running']>>
  rests: readonly RunningRest[]
  /** Thrown by every write and by the reading of sessions. */
  failWith: Error | undefined
  laggingProxies: readonly number[]
  readonly priceRows: { readonly key: string; readonly value: string }[]
  /** By what works behind the control. */
  readonly logged: Readonly<Record<string, unknown>>[]
  writes: number
  lastId: number
}

export function fakeState(nowMs: () => number): FakeState {
  return {
    nowMs,
    channels: [],
    tokens: [],
    spends: new Map(),
    sessions: new Map(),
    settings: defaultSettings(),
    settingTimes: new Map(),
    queries: [],
    asked: [],
    simulations: [],
    simulated: undefined,
    rows: [],
    running: [],
    rests: [],
    failWith: undefined,
    laggingProxies: [],
    priceRows: [],
    logged: [],
    writes: 0,
    lastId: 0,
  }
}

/** A `Control` in plain memory, for the tests of the admin API. */
export function fakeControl(state: FakeState): Control {
  return {
    ...fakeChannels(state),
    ...fakeRests(state),
    ...fakeTokens(state),
    ...fakeSettings(state),
    ...fakeLogs(state),
    simulate(ask) {
      state.simulations.push(ask)
      return state.simulated
    },
    sessions: fakeSessions(state),
    prices: fakePrices(state),
  }
}

async function written<T>(state: FakeState, write: () => T): Promise<Change<T>> {
  state.writes++
  await Promise.resolve()
  if (state.failWith) throw state.failWith
  return { value: write(), laggingProxies: state.laggingProxies }
}

type FakeChannels = Pick<Control, 'channels' | 'channel' | 'createChannel' | 'updateChannel' | 'removeChannel'>

function fakeChannels(state: FakeState): FakeChannels {
  const { channels } = state
  return {
    channels: () => channels,
    channel: (id) => channels.find((channel) => channel.id === id),
    createChannel: (draft) =>
      written(state, () => {
        refuseTaken(state, draft.name, 0)
        const id = ++state.lastId
        const { apiKeys: _, ...fields } = draft
        const fresh = { id, cooldown: NONE, keys: [], keyTurn: 0, createdAtS: seconds(state), updatedAtS: 0 }
        const channel = patched(state, { ...fields, ...fresh }, draft)
        channels.push(channel)
        return channel
      }),
    updateChannel: (id, patch) =>
      written(state, () => {
        const at = channels.findIndex((channel) => channel.id === id)
        const before = channels[at]
        if (!before) return undefined
        refuseTaken(state, patch.name, id)
        const channel = patched(state, before, patch)
        channels[at] = channel
        return channel
      }),
    removeChannel: (id) => written(state, () => removed(channels, id)),
  }
}

function refuseTaken({ channels }: FakeState, name: string | undefined, id: number): void {
  if (channels.some((channel) => channel.name === name && channel.id !== id)) {
    throw new StoreError('conflict', 'the name is taken (SQLITE_CONSTRAINT_UNIQUE)')
  }
}

function patched(state: FakeState, before: StoredChannel, patch: Partial<ChannelDraft>): StoredChannel {
  const { apiKeys, ...fields } = patch
  const nowS = seconds(state)
  const keys = apiKeys?.map((apiKey, index) => {
    const same = before.keys.find((key) => key.apiKey === apiKey)
    if (same) return { ...same, index }
    return { id: ++state.lastId, index, apiKey, cooldown: NONE, createdAtS: nowS, updatedAtS: nowS }
  })
  return { ...before, ...fields, keys: keys ?? before.keys, updatedAtS: nowS }
}

function fakeRests(state: FakeState): Pick<Control, 'rests' | 'setRest' | 'clearRest'> {
  const without = (target: CooldownTarget) => state.rests.filter((rest) => nameOf(rest) !== nameOf(target))
  return {
    rests: () => state.rests,
    setRest(target, untilMs) {
      if (!exists(state, target)) return false
      state.rests = [...without(target), { ...target, sinceMs: state.nowMs(), untilMs }]
      return true
    },
    clearRest(target) {
      state.rests = without(target)
      return exists(state, target)
    },
  }
}

function exists({ channels }: FakeState, target: CooldownTarget): boolean {
  const channel = channels.find(({ id }) => id === target.channelId)
  if (target.scope === 'key') return channel?.keys.some(({ id }) => id === target.keyId) === true
  if (target.scope === 'model') return channel?.models.some(({ name }) => name === target.model) === true
  return channel !== undefined
}

function nameOf(target: CooldownTarget): string {
  const { scope, channelId } = target
  return JSON.stringify([scope, channelId, scope === 'key' ? target.keyId : scope === 'model' ? target.model : ''])
}

type FakeTokens = Pick<Control, 'tokens' | 'tokenSpend' | 'createToken' | 'updateToken' | 'removeToken'>

function fakeTokens(state: FakeState): FakeTokens {
  const { tokens } = state
  return {
    tokens: async () => tokens.toReversed(),
    tokenSpend: (id) => state.spends.get(id) ?? { todayMicroUsd: 0, monthMicroUsd: 0 },
    createToken: (draft) =>
      written(state, () => {
        const token = { id: ++state.lastId, ...draft, ...NO_COUNTERS, createdAtMs: state.nowMs() }
        tokens.push(token)
        return token
      }),
    updateToken: (id, patch) =>
      written(state, () => {
        const at = tokens.findIndex((token) => token.id === id)
        const before = tokens[at]
        if (!before) return undefined
        const token = { ...before, ...patch }
        tokens[at] = token
        return token
      }),
    removeToken: (id) => written(state, () => removed(tokens, id)),
  }
}

function fakeSettings(state: FakeState): Pick<Control, 'settings' | 'settingUpdatedAtS' | 'saveSettings'> {
  return {
    settings: () => state.settings,
    settingUpdatedAtS: (key) => state.settingTimes.get(key) ?? 0,
    saveSettings: (values) =>
      written(state, () => {
        state.settings = { ...state.settings, ...values }
        for (const key of Object.keys(values)) state.settingTimes.set(key, seconds(state))
      }),
  }
}

function fakeLogs(state: FakeState): Pick<Control, 'running' | 'logs' | 'statistics'> {
  return {
    running: async () => state.running,
    logs: {
      async page(query) {
        state.queries.push(query)
        return { rows: state.rows, total: state.rows.length }
      },
    },
    statistics: fakeStatistics(state),
  }
}

/** The real desk over a table in memory. */
function fakePrices(state: FakeState): Control['prices'] {
  const desk = new PriceDesk({
    settings: {
      list: async () => [],
      save: async (rows) => {
        await written(state, () => state.priceRows.push(...rows))
      },
    },
    nowMs: state.nowMs,
    log: { write: (level, message, fields) => void state.logged.push({ level, message, ...fields }) },
  })
  return desk.facade(async () => state.laggingProxies)
}

function fakeSessions(state: FakeState): Control['sessions'] {
  return {
    async add(hash, expiresAtS) {
      await written(state, () => state.sessions.set(hash, expiresAtS))
    },
    async list(atMs) {
      if (state.failWith) throw state.failWith
      const rows = [...state.sessions].map(([hash, expiresAtS]) => ({ hash, expiresAtS }))
      return rows.filter((row) => row.expiresAtS * 1000 > atMs)
    },
    async remove(hash) {
      state.sessions.delete(hash)
    },
    async removeExpired() {},
  }
}

const NONE = { untilMs: 0, durationMs: 0 }
const NO_COUNTERS = {
  lastUsedAtMs: 0,
  costUsedMicroUsd: 0,
  successCount: 0,
  failureCount: 0,
  streamAvgTtfbS: 0,
  nonStreamAvgS: 0,
  streamCount: 0,
  nonStreamCount: 0,
  promptTokens: 0,
  completionTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  totalCostUsd: 0,
}

function seconds({ nowMs }: FakeState): number {
  return Math.floor(nowMs() / 1000)
}

function removed(list: { readonly id: number }[], id: number): boolean {
  const at = list.findIndex((item) => item.id === id)
  if (at >= 0) list.splice(at, 1)
  return at >= 0
}
