import { defaultSettings, parseSetting, type SettingValue } from '../config/settings.ts'
import type { ApiToken, SettingValues, TokenLimits, UseLimits } from '../core/snapshot.ts'
import type { WireChannel } from '../link/messages.ts'
import { MAX_METERS } from '../link/meter-page.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import type { Shared } from '../ports/shared.ts'
import type { Store } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { type Cells, cells, channelCell, channelMeter, keyCell, meterCells, modelCell, tokenMeter } from './cells.ts'

const MICRO_PER_USD = 1_000_000

/** What is in force, in memory: the truth that snapshots are made of. The database is read once, at start. */
export class Registry {
  readonly channels = new Map<number, StoredChannel>()
  /** By id. */
  readonly tokens = new Map<number, ApiToken>()
  settings: SettingValues = defaultSettings()
  readonly settingUpdatedAtS = new Map<string, number>()
  readonly overDailyLimit = new Set<number>()
  readonly #cells: Cells
  readonly #meters: Cells
  /** Set by health scoring; absent = the priority itself. */
  #effectivePriority: ReadonlyMap<number, number> = new Map()

  /** @param maxMeters  How many tokens and channels may have limits. */
  constructor(shared: Shared, maxMeters = MAX_METERS) {
    this.#cells = cells(shared)
    this.#meters = meterCells(shared.meters, maxMeters)
  }

  async load(store: Store): Promise<void> {
    const [channels, tokens, settings] = await Promise.all([
      store.channels.list(),
      store.tokens.list(),
      store.settings.list(),
    ])
    for (const channel of channels) this.channels.set(channel.id, channel)
    for (const token of tokens) this.putToken(token)
    for (const { key, value, updatedAtS } of settings) this.putSetting(key, value, updatedAtS)
  }

  putToken(token: StoredToken): ApiToken {
    const { id, hash, active, expiresAtMs, allowedModels } = token
    const limits = this.#tokenLimits(token)
    const inForce = { id, hash, active, expiresAtMs, allowedModels, ...(limits && { limits }) }
    this.tokens.set(id, inForce)
    return inForce
  }

  /** `undefined`: it has none, or there is no such channel. */
  limitsOf(channelId: number): UseLimits | undefined {
    const channel = this.channels.get(channelId)
    if (channel === undefined) return undefined
    const { rpmLimit: rpm, maxConcurrency, dailyCostLimitUsd } = channel
    if (rpm === 0 && maxConcurrency === 0 && dailyCostLimitUsd === 0) return undefined
    const dailyCostMicroUsd = Math.ceil(dailyCostLimitUsd * MICRO_PER_USD)
    const meter = this.#meters.offer(channelMeter(channelId))
    return {
      ...(meter !== undefined && { meter }),
      ...{ costMicroUsd: 0, dailyCostMicroUsd, monthlyCostMicroUsd: 0, rpm, maxConcurrency },
    }
  }

  /** Whether the use of one more, or of this one, can be counted. @param id  `undefined` = a new one. */
  mayLimit(what: 'token' | 'channel', id: number | undefined): boolean {
    return this.#meters.hasRoomFor(what === 'token' ? tokenMeter(id ?? 0) : channelMeter(id ?? 0))
  }

  /** How many have limits that do not hold, because more have them than can be counted. */
  unmetered(): number {
    const all = [...this.tokens.values(), ...[...this.channels.keys()].map((id) => ({ limits: this.limitsOf(id) }))]
    return all.filter(({ limits }) => limits !== undefined && isCounted(limits) && limits.meter === undefined).length
  }

  #tokenLimits(token: StoredToken): TokenLimits | undefined {
    const { allowedChannelIds: channelIds, allowedAddresses: addresses, maxConcurrency } = token
    const numbers = {
      costMicroUsd: token.costLimitMicroUsd,
      dailyCostMicroUsd: token.dailyCostLimitMicroUsd,
      monthlyCostMicroUsd: token.monthlyCostLimitMicroUsd,
      rpm: token.rpmLimit,
      maxConcurrency,
    }
    const meter = isCounted(numbers) ? this.#meters.offer(tokenMeter(token.id)) : undefined
    if (!isCounted(numbers) && channelIds.length === 0 && addresses.length === 0) return undefined
    return { ...numbers, ...(meter !== undefined && { meter }), channelIds, addresses }
  }

  wire(channel: StoredChannel): WireChannel {
    const { id, name, type, url, priority, enabled, keyStrategy, costMultiplier, askForUsage } = channel
    const limits = this.limitsOf(id)
    return {
      id,
      name,
      type,
      url,
      priority,
      enabled,
      keyStrategy,
      costMultiplier,
      askForUsage,
      ...(limits && { limits }),
      effectivePriority: this.#effectivePriority.get(id) ?? priority,
      overDailyLimit: this.overDailyLimit.has(id),
      cell: this.#cells.of(channelCell(id)),
      turnCell: id,
      keys: channel.keys.map((key) => ({
        id: key.id,
        index: key.index,
        secret: key.apiKey,
        cell: this.#cells.of(keyCell(key.id)),
      })),
      models: channel.models.map((model) => ({ ...model, cell: this.#cells.of(modelCell(id, model.name)) })),
    }
  }

  isRanked(): boolean {
    return this.#effectivePriority.size > 0
  }

  /** What health makes of the priorities; none = they count as they are. @returns The channels whose place changes. */
  rank(priorities: ReadonlyMap<number, number>): readonly StoredChannel[] {
    const before = this.#effectivePriority
    this.#effectivePriority = priorities
    const place = (ranks: ReadonlyMap<number, number>, { id, priority }: StoredChannel): number =>
      ranks.get(id) ?? priority
    return [...this.channels.values()].filter((channel) => place(before, channel) !== place(priorities, channel))
  }

  /** Every name that has a cell. */
  cells(): Iterable<readonly [name: string, cell: number]> {
    return this.#cells.all()
  }

  cellOf(name: string): number {
    return this.#cells.of(name)
  }

  /** Frees the cells of what is gone. Call when every proxy has forgotten it. */
  sweepCells(): void {
    const keep = new Set<string>()
    for (const { id, keys, models } of this.channels.values()) {
      keep.add(channelCell(id))
      for (const key of keys) keep.add(keyCell(key.id))
      for (const model of models) keep.add(modelCell(id, model.name))
    }
    this.#cells.retain(keep)
    this.#sweepMeters()
  }

  #sweepMeters(): void {
    const ids = [...this.tokens.keys()].map(tokenMeter)
    this.#meters.retain(new Set([...ids, ...[...this.channels.keys()].map(channelMeter)]))
  }

  /** Rows that are no settings of ours, or hold what we cannot use, count as their default. */
  putSetting(key: string, text: string, updatedAtS: number): void {
    const parsed = parseSetting(key, text)
    if (!parsed.ok) return
    this.settings = { ...this.settings, [key]: parsed.value satisfies SettingValue }
    this.settingUpdatedAtS.set(key, updatedAtS)
  }
}

function isCounted({ costMicroUsd, dailyCostMicroUsd, monthlyCostMicroUsd, rpm, maxConcurrency }: UseLimits): boolean {
  return [costMicroUsd, dailyCostMicroUsd, monthlyCostMicroUsd, rpm, maxConcurrency].some((limit) => limit > 0)
}
