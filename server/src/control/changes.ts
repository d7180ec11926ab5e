import { settingRow, settingText } from '../config/settings.ts'
import type { SettingValues } from '../core/snapshot.ts'
import type { ChannelDraft, StoredChannel } from '../ports/channel-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { StoredToken, TokenDraft } from '../ports/token-store.ts'
import type { Change, Control } from './control.ts'
import { LimitsFull } from './limits-full.ts'
import type { Patch } from './publisher.ts'
import type { Registry } from './registry.ts'
import type { SpendBook } from './spend-book.ts'

export type Changes = Pick<
  Control,
  'createChannel' | 'updateChannel' | 'removeChannel' | 'createToken' | 'updateToken' | 'removeToken' | 'saveSettings'
>

export type ChangesParts = {
  readonly store: Store
  readonly registry: Registry
  readonly spends: Pick<SpendBook, 'showToken' | 'showChannel' | 'limitsChanged'>
  readonly clock: Clock
  /** Tells all proxies; resolves to the rows of those that have not taken it over in time. */
  readonly publish: (patch: Patch) => Promise<readonly number[]>
  readonly replaceProxy: (row: number, why: string) => void
}

const NONE: Change<undefined> = { value: undefined, laggingProxies: [] }

/** Every change: stored, then in force everywhere, one after the other so that all see the same order. */
export function changes(parts: ChangesParts): Changes {
  const inTurn = turns()
  return {
    ...channelChanges(parts, inTurn),
    ...tokenChanges(parts, inTurn),
    saveSettings: (values) => inTurn(() => saveSettings(parts, values)),
  }
}

type InTurn = <T>(act: () => Promise<T>) => Promise<T>

function turns(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const next = last.then(act, act)
    last = next.catch(() => {}) // whoever asked gets the error; the next in line does not care
    return next
  }
}

async function told<T>({ publish, replaceProxy }: ChangesParts, value: T, patch: Patch): Promise<Change<T>> {
  const laggingProxies = await publish(patch)
  for (const row of laggingProxies) replaceProxy(row, 'it did not take over a change within a second')
  return { value, laggingProxies }
}

function channelChanges(
  parts: ChangesParts,
  inTurn: InTurn,
): Pick<Changes, 'createChannel' | 'updateChannel' | 'removeChannel'> {
  const { store, registry, spends, clock } = parts
  const put = (channel: StoredChannel): Promise<Change<StoredChannel>> => {
    registry.channels.set(channel.id, channel)
    spends.showChannel(channel.id)
    spends.limitsChanged()
    return told(parts, channel, { channels: [registry.wire(channel)] })
  }
  return {
    createChannel: (draft) =>
      inTurn(async () => {
        if (limitsChannel(draft) && !registry.mayLimit('channel', undefined)) throw new LimitsFull()
        return put(await store.channels.create(draft, clock.nowMs()))
      }),
    updateChannel: (id, patch) =>
      inTurn(async () => {
        if (limitsChannel(patch) && !registry.mayLimit('channel', id)) throw new LimitsFull()
        const channel = await store.channels.update(id, patch, clock.nowMs())
        if (channel === undefined) return NONE
        const change = await put(channel)
        registry.sweepCells()
        return change
      }),
    removeChannel: (id) =>
      inTurn(async () => {
        const removed = await store.channels.remove(id)
        registry.channels.delete(id)
        const change = await told(parts, removed, { removedChannelIds: [id] })
        registry.sweepCells()
        return change
      }),
  }
}

function tokenChanges(
  parts: ChangesParts,
  inTurn: InTurn,
): Pick<Changes, 'createToken' | 'updateToken' | 'removeToken'> {
  const { store, registry, spends, clock } = parts
  const put = (token: StoredToken): Promise<Change<StoredToken>> => {
    const inForce = registry.putToken(token)
    spends.showToken(token.id)
    return told(parts, token, { tokens: [inForce] })
  }
  return {
    createToken: (draft) =>
      inTurn(async () => {
        if (limitsToken(draft) && !registry.mayLimit('token', undefined)) throw new LimitsFull()
        return put(await store.tokens.create(draft, clock.nowMs()))
      }),
    updateToken: (id, patch) =>
      inTurn(async () => {
        if (limitsToken(patch) && !registry.mayLimit('token', id)) throw new LimitsFull()
        const token = await store.tokens.update(id, patch)
        return token === undefined ? NONE : put(token)
      }),
    removeToken: (id) =>
      inTurn(async () => {
        const removed = await store.tokens.remove(id)
        const hash = registry.tokens.get(id)?.hash
        registry.tokens.delete(id)
        const change = await told(parts, removed, { removedTokenHashes: hash === undefined ? [] : [hash] })
        registry.sweepCells()
        return change
      }),
  }
}

function limitsChannel({ dailyCostLimitUsd = 0, rpmLimit = 0, maxConcurrency = 0 }: Partial<ChannelDraft>): boolean {
  return dailyCostLimitUsd > 0 || rpmLimit > 0 || maxConcurrency > 0
}

function limitsToken(draft: Partial<TokenDraft>): boolean {
  const { costLimitMicroUsd = 0, dailyCostLimitMicroUsd = 0, monthlyCostLimitMicroUsd = 0 } = draft
  const { rpmLimit = 0, maxConcurrency = 0 } = draft
  return costLimitMicroUsd + dailyCostLimitMicroUsd + monthlyCostLimitMicroUsd + rpmLimit + maxConcurrency > 0
}

async function saveSettings(parts: ChangesParts, values: SettingValues): Promise<Change<void>> {
  const { store, registry, clock } = parts
  const nowMs = clock.nowMs()
  await store.settings.save(rowsOf(values), nowMs)
  for (const [key, value] of Object.entries(values))
    registry.putSetting(key, settingText(value), Math.floor(nowMs / 1000))
  return told(parts, undefined, { settings: registry.settings })
}

function rowsOf(values: SettingValues): Parameters<Store['settings']['save']>[0] {
  return Object.entries(values).flatMap(([key, value]) => {
    const row = settingRow(key)
    if (row === undefined) return []
    return [
      {
        key,
        value: settingText(value),
        valueType: row.type,
        description: row.en,
        defaultValue: settingText(row.fallback),
      },
    ]
  })
}
