import { settingRow, settingsOf, settingText } from '../config/settings.ts'
import type { SettingValues } from '../core/snapshot.ts'
import type { Down, Health, Up } from '../link/messages.ts'
import { dropSpooled, readSpool, spool } from '../link/spool.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkEnd } from '../ports/link.ts'
import type { Log } from '../ports/log.ts'
import type { Shared } from '../ports/shared.ts'
import type { AttemptLog, Store, StoredChannel } from '../ports/store.ts'
import type { Change, Control } from './control.ts'
import { CooldownBook } from './cooldown-book.ts'
import { ledger } from './ledger.ts'
import { type Patch, type ProxyEnd, publisher } from './publisher.ts'
import { Registry } from './registry.ts'
import { startRetention } from './retention.ts'
import { runningBook } from './running-book.ts'

export type ControlParts = {
  readonly store: Store
  readonly shared: Shared
  readonly clock: Clock
  readonly log: Log
  /** Where endings wait that no database took. */
  readonly spoolDir: string
  /** A proxy does not take over what is in force. */
  readonly replaceProxy: (row: number, why: string) => void
}

/** The control plane's working heart: what the admin API uses, and where the proxies' lines end. */
export type OpenControl = {
  readonly control: Control
  /** A proxy has come: it is told everything, and heard from now on. */
  join(row: number, link: LinkEnd<Down, Up>): ProxyEnd
  heard(end: ProxyEnd, message: Up): void
  /** It is gone: what it held is given back, what it was doing is closed. */
  gone(end: ProxyEnd): void
  close(): Promise<void>
}

const SAVE_MS = 1_000
const HEARTBEAT_MS = 500
const SPOOL_LOOK_MS = 5_000

export async function openControl(parts: ControlParts): Promise<OpenControl> {
  const { store, shared, clock, log } = parts
  const registry = new Registry(shared)
  await registry.load(store)
  const book = new CooldownBook(registry, shared, clock)
  await book.restore(store)
  const running = runningBook()
  const overflow = spool(parts.spoolDir, `control-${process.pid}-${clock.nowMs()}`)
  const publish = publisher(() => wholeState(registry))
  const pages = ledger({
    logs: store.logs,
    log,
    overflow: (rows) => overflow.write(rows),
    stored: (proxy, upTo) => void (proxy as ProxyEnd).link.send({ t: 'stored', upTo }),
  })

  const takeSpool = async (): Promise<void> => {
    for (const file of readSpool(parts.spoolDir)) {
      pages.take(file.rows)
      await pages.flush()
      if (pages.trouble() !== '') return
      dropSpooled(file)
      log.write('info', 'endings of an earlier run were taken in', { rows: file.rows.length })
    }
  }
  await takeSpool()

  const health = (): Health => ({ ok: true, why: pages.trouble() })
  const stops = [
    every(SAVE_MS, () => book.save(store), log),
    every(SPOOL_LOOK_MS, takeSpool, log),
    every(
      HEARTBEAT_MS,
      async () => {
        for (const end of publish.ends) end.link.send({ t: 'heartbeat', health: health() })
      },
      log,
    ),
    startRetention({ logs: store.logs, log, days: () => settingsOf(registry.settings).logRetentionDays, nowMs: clock.nowMs }),
  ]

  const change = changer(registry, (patch) => publish.publish(patch), parts)
  const upToDate = async (): Promise<void> => {
    await running.now(publish.ends) // what a proxy has to report comes before its answer
    await pages.flush()
  }

  return {
    control: {
      ...change,
      channels: () => [...registry.channels.values()],
      channel: (id) => registry.channels.get(id),
      rests: () => book.running(),
      setRest: (target, untilMs) => book.set(target, untilMs),
      clearRest: (target) => book.clear(target),
      async tokens() {
        await upToDate()
        return store.tokens.list()
      },
      settings: () => registry.settings,
      settingUpdatedAtS: (key) => registry.settingUpdatedAtS.get(key) ?? 0,
      running: () => running.now(publish.ends),
      logs: fresh(store.logs, upToDate),
      sessions: store.sessions,
    },
    join(row, link) {
      const end: ProxyEnd = { row, link, appliedVersion: 0 }
      publish.join(end)
      link.send({ t: 'heartbeat', health: health() })
      return end
    },
    heard(end, message) {
      switch (message.t) {
        case 'applied':
          return publish.applied(end, message.version)
        case 'resync':
          return publish.resync(end)
        case 'endings':
          return pages.take(message.rows, end, message.batch)
        case 'rested':
          return book.rested(message.reason)
        case 'cleared':
          return book.cleared(message.target)
        case 'running':
          return running.heard(end, message.ask, message.running)
        case 'hello':
        case 'listening':
        case 'failed':
        case 'alive':
            return
      }
    },
    gone(end) {
      publish.leave(end)
      shared.forget(end.row)
      const left = running.lastOf(end).map(({ row }) => row)
      if (left.length > 0) pages.take(left)
    },
    async close() {
      for (const stop of stops) stop()
      await pages.close()
      await book.save(store)
    },
  }
}

function wholeState(registry: Registry): Required<Patch> {
  return {
    channels: [...registry.channels.values()].map((channel) => registry.wire(channel)),
    removedChannelIds: [],
    tokens: [...registry.tokens.values()],
    removedTokenHashes: [],
    settings: registry.settings,
  }
}

type Changes = Pick<
  Control,
  'createChannel' | 'updateChannel' | 'removeChannel' | 'createToken' | 'updateToken' | 'removeToken' | 'saveSettings'
>

/** Every change: stored, then in force everywhere, one after the other so that all see the same order. */
function changer(registry: Registry, publish: (patch: Patch) => Promise<readonly number[]>, parts: ControlParts): Changes {
  const { store, clock } = parts
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const next = last.then(act, act)
    last = next.catch(() => {}) // whoever asked gets the error; the next in line does not care
    return next
  }
  const told = async <T>(value: T, patch: Patch): Promise<Change<T>> => {
    const laggingProxies = await publish(patch)
    for (const row of laggingProxies) parts.replaceProxy(row, 'it did not take over a change within a second')
    return { value, laggingProxies }
  }
  const putChannel = (channel: StoredChannel): Promise<Change<StoredChannel>> => {
    registry.channels.set(channel.id, channel)
    return told(channel, { channels: [registry.wire(channel)] })
  }

  return {
    createChannel: (draft) => inTurn(async () => putChannel(await store.channels.create(draft, clock.nowMs()))),
    updateChannel: (id, patch) =>
      inTurn(async () => {
        const channel = await store.channels.update(id, patch, clock.nowMs())
        if (!channel) return { value: undefined, laggingProxies: [] }
        const change = await putChannel(channel)
        registry.sweepCells()
        return change
      }),
    removeChannel: (id) =>
      inTurn(async () => {
        const removed = await store.channels.remove(id)
        registry.channels.delete(id)
        const change = await told(removed, { removedChannelIds: [id] })
        registry.sweepCells()
        return change
      }),
    createToken: (draft) =>
      inTurn(async () => {
        const token = await store.tokens.create(draft, clock.nowMs())
        return told(token, { tokens: [registry.putToken(token)] })
      }),
    updateToken: (id, patch) =>
      inTurn(async () => {
        const token = await store.tokens.update(id, patch)
        return token ? told(token, { tokens: [registry.putToken(token)] }) : { value: undefined, laggingProxies: [] }
      }),
    removeToken: (id) =>
      inTurn(async () => {
        const removed = await store.tokens.remove(id)
        const hash = registry.tokens.get(id)?.hash
        registry.tokens.delete(id)
        return told(removed, { removedTokenHashes: hash === undefined ? [] : [hash] })
      }),
    saveSettings: (values) =>
      inTurn(async () => {
        await store.settings.save(settingRows(values), clock.nowMs())
        for (const [key, value] of Object.entries(values)) registry.putSetting(key, settingText(value), Math.floor(clock.nowMs() / 1000))
        return told(undefined, { settings: registry.settings })
      }),
  }
}

function settingRows(values: SettingValues): Parameters<Store['settings']['save']>[0] {
  return Object.entries(values).flatMap(([key, value]) => {
    const row = settingRow(key)
    if (!row) return []
    return [{ key, value: settingText(value), valueType: row.type, description: row.en, defaultValue: settingText(row.fallback) }]
  })
}

/** The log with everything in it that has happened before the question. */
function fresh(logs: AttemptLog, upToDate: () => Promise<void>): AttemptLog {
  return {
    append: (rows) => logs.append(rows),
    known: (ids) => logs.known(ids),
    prune: (beforeMs, limit) => logs.prune(beforeMs, limit),
    costByChannel: (fromMs) => logs.costByChannel(fromMs),
    models: (fromMs, toMs) => logs.models(fromMs, toMs),
    async page(query) {
      await upToDate()
      return logs.page(query)
    },
  }
}

function every(ms: number, act: () => Promise<void>, log: Log): () => void {
  let running = false
  const timer = setInterval(() => {
    if (running) return
    running = true
    void act()
      .catch((error) => log.write('warn', 'a regular task failed', { error }))
      .finally(() => {
        running = false
      })
  }, ms)
  return () => clearInterval(timer)
}
