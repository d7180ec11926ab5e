import { type Settings, settingsOf } from '../config/settings.ts'
import type { ChannelType } from '../core/channel-type.ts'
import { candidatesFor } from '../core/match-model.ts'
import type { PriceBook } from '../core/price-book.ts'
import type { ApiToken, Channel, Snapshot } from '../core/snapshot.ts'
import type { Match } from '../core/standee.ts'
import type { Standing } from './standing.ts'
import { bookOfSettings } from './unpriced.ts'

/** Who serves one (type, model), and how they stood when last looked at. */
export type Field = { readonly matches: readonly Match[]; standing: Standing | undefined }

/** A snapshot made ready for requests. Look-ups by model are made on first use and kept as long as the snapshot. */
export type View = {
  readonly version: number
  readonly settings: Settings
  /** Prices in force; made on first use. */
  book(): PriceBook
  readonly hasTokens: boolean
  /**
   * The token that a client presents; `undefined` = none of ours. Texts that were found are remembered with this
   * snapshot, so that a hash is made once a token and not once a request.
   */
  token(presented: string): ApiToken | undefined
  channel(id: number): Channel | undefined
  field(type: ChannelType, model: string): Field
  /** Models of all enabled channels of a type, or of those with these ids, sorted. */
  models(type: ChannelType, channelIds?: readonly number[]): readonly string[]
}

/** Model names come from clients: more than this many at once are looked up anew each time. */
const MAX_FIELDS = 5_000

export function compileView(snapshot: Snapshot): View {
  const settings = settingsOf(snapshot.settings)
  const options = { stripDate: settings.modelLookupStripDateSuffix, fuzzy: settings.modelFuzzyMatch }
  const byType = Map.groupBy(snapshot.channels.values(), (channel) => channel.type)
  const fields = new Map<string, Field>()
  const presentedTokens = new Map<string, ApiToken>()
  const lists = new Map<ChannelType, readonly string[]>()

  return {
    version: snapshot.version,
    settings,
    book: () => bookOfSettings(snapshot.settings),
    hasTokens: snapshot.tokens.size > 0,
    token(presented) {
      const known = presentedTokens.get(presented)
      if (known) return known
      const token = snapshot.tokens.get(sha256(presented))
      if (token) presentedTokens.set(presented, token) // as many as there are tokens, at most
      return token
    },
    channel: (id) => snapshot.channels.get(id),
    field(type, model) {
      const name = `${type} ${model}`
      const known = fields.get(name)
      if (known) return known
      const field: Field = { matches: candidatesFor(byType.get(type) ?? [], model, options), standing: undefined }
      if (fields.size < MAX_FIELDS) fields.set(name, field)
      return field
    },
    models(type, channelIds) {
      const channels = byType.get(type) ?? []
      if (channelIds !== undefined) return modelsOf(channels.filter(({ id }) => channelIds.includes(id)))
      const known = lists.get(type)
      if (known) return known
      const names = modelsOf(channels)
      lists.set(type, names)
      return names
    },
  }
}

function modelsOf(channels: readonly Channel[]): readonly string[] {
  const enabled = channels.filter((channel) => channel.enabled)
  return [...new Set(enabled.flatMap((channel) => channel.models.map((model) => model.name)))].sort()
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex')
}
