import { channelTypeName } from '@ccload/contract/channels.ts'
import type { TimeRange } from '../core/time-range.ts'
import type { LogQuery } from '../ports/attempt-log.ts'
import type { StoredChannel } from '../ports/channel-store.ts'

export type FiltersRead =
  | { readonly ok: true; readonly query: LogQuery }
  | { readonly ok: false; readonly message: string }

const DEFAULT_LIMIT = 200
const MAX_LIMIT = 1_000
const MAX_OFFSET = 10_000_000
const MAX_TEXT_CHARS = 255

/**
 * What a query string asks of the log. An unreadable filter is refused by name, so that nobody takes all rows for the
 * ones asked for; an unreadable `limit` or `offset` is its default, as it always was.
 *
 * @param channels  Of now: names and types are looked up among them, and all filters on channels must agree.
 */
export function logFilters(
  params: URLSearchParams,
  { fromMs, toMs }: TimeRange,
  channels: readonly StoredChannel[],
): FiltersRead {
  const problems: string[] = []
  const number = (name: string): number | undefined => numberOf(params, name, problems)
  const text = (name: string): string | undefined => textOf(params, name, problems)
  const channelId = number('channel_id')
  const channelIds = channelIdsOf(channels, {
    id: channelId,
    type: typeOf(params, problems),
    name: text('channel_name'),
    nameLike: text('channel_name_like'),
  })
  const query: LogQuery = {
    fromMs,
    toMs,
    ...given('channelIds', channelIds),
    ...given('model', text('model')),
    ...given('modelLike', text('model_like')),
    ...given('statusCode', number('status_code')),
    ...given('tokenId', number('auth_token_id')),
    ...given('requestId', text('request_id')),
    ...given('before', beforeOf(params, problems)),
    ...(params.get('count') === '0' && { withTotal: false }),
    limit: Math.min(pageNumber(params.get('limit')) || DEFAULT_LIMIT, MAX_LIMIT),
    offset: Math.min(pageNumber(params.get('offset')), MAX_OFFSET),
  }
  return problems.length === 0 ? { ok: true, query } : { ok: false, message: problems.join('; ') }
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]?: Value })
}

/** Blank means no filter, as forms send it. */
function rawOf(params: URLSearchParams, name: string): string | undefined {
  return params.get(name)?.trim() || undefined
}

function numberOf(params: URLSearchParams, name: string, problems: string[]): number | undefined {
  const raw = rawOf(params, name)
  if (raw === undefined) return undefined
  if (/^\d{1,15}$/.test(raw) && Number(raw) > 0) return Number(raw)
  problems.push(`${name} must be a whole number above 0`)
  return undefined
}

function textOf(params: URLSearchParams, name: string, problems: string[]): string | undefined {
  const raw = rawOf(params, name)
  if (raw !== undefined && raw.length > MAX_TEXT_CHARS)
    problems.push(`${name} is longer than ${MAX_TEXT_CHARS} characters`)
  return raw
}

function typeOf(params: URLSearchParams, problems: string[]): StoredChannel['type'] | undefined {
  const raw = rawOf(params, 'channel_type')?.toLowerCase()
  if (raw === undefined || raw === 'all') return undefined
  const type = channelTypeName.safeParse(raw).data
  if (type === undefined) problems.push(`channel_type must be one of all, ${channelTypeName.options.join(', ')}`)
  return type
}

/** `<time_ms>,<id>` of the last row of the page before. */
function beforeOf(params: URLSearchParams, problems: string[]): LogQuery['before'] {
  const raw = rawOf(params, 'before')
  if (raw === undefined) return undefined
  const found = /^(\d{1,15}),(\d{1,15})$/.exec(raw)
  if (found) return { timeMs: Number(found[1]), id: Number(found[2]) }
  problems.push('before must be <time_ms>,<id> of the last row of the page before')
  return undefined
}

function pageNumber(raw: string | null): number {
  return /^\d{1,15}$/.test(raw ?? '') ? Number(raw) : 0
}

type ChannelFilter = {
  readonly id: number | undefined
  readonly type: StoredChannel['type'] | undefined
  readonly name: string | undefined
  readonly nameLike: string | undefined
}

/** `undefined` = all channels, also those that are gone. An id alone may be that of a deleted channel. */
function channelIdsOf(
  channels: readonly StoredChannel[],
  { id, type, name, nameLike }: ChannelFilter,
): readonly number[] | undefined {
  if (type === undefined && name === undefined && nameLike === undefined) return id === undefined ? undefined : [id]
  const part = nameLike?.toLowerCase()
  const fitting = channels.filter(
    (channel) =>
      (id === undefined || channel.id === id) &&
      (type === undefined || channel.type === type) &&
      (name === undefined || channel.name === name) &&
      (part === undefined || channel.name.toLowerCase().includes(part)),
  )
  return fitting.map((channel) => channel.id)
}
