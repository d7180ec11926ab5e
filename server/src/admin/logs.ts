import { channelTypeName } from '@ccload/contract/channels.ts'
import { LOG_ROUTES, type LogRow } from '@ccload/contract/logs.ts'
import { settingsOf } from '../config/settings.ts'
import { type CostParts, nanoUsdOf } from '../core/cost-parts.ts'
import { timeRange } from '../core/time-range.ts'
import type { StoredLogRow } from '../ports/attempt-log.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { logFilters } from './log-filters.ts'
import { badRequest, done, type Reply } from './reply.ts'
import { statisticsRange } from './statistics-range.ts'

const MS = 1_000
const NANO = 1e9

/** Single requests, to look them up. */
export function logEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [
    endpoint(LOG_ROUTES.page, ({ query }) => page(deps, query)),
    endpoint(LOG_ROUTES.models, ({ query }) => models(deps, query)),
  ]
}

async function page(deps: AdminDeps, params: URLSearchParams): Promise<Reply> {
  const { control } = deps
  const filters = logFilters(params, rangeOf(deps, params.get('range') ?? 'today'), control.channels())
  if (!filters.ok) return badRequest(filters.message)
  if (filters.query.channelIds?.length === 0) return done([])
  const { rows, total } = await control.logs.page(filters.query)
  const view = rows.map((row) => rowView(row, control.channel(row.channelId)?.name))
  return done(view, { count: total })
}

/** Models that were asked for, of which some channel was tried; with `channel_type` one of that type. */
async function models(deps: AdminDeps, params: URLSearchParams): Promise<Reply> {
  const { control } = deps
  const typed = (params.get('channel_type') ?? '').trim().toLowerCase()
  const type = channelTypeName.safeParse(typed)
  if (!type.success && typed !== '' && typed !== 'all') {
    return badRequest(`channel_type must be one of all, ${channelTypeName.options.join(', ')}`)
  }
  const { fromMs, toMs, nowMs, zone } = statisticsRange(deps, params.get('range')?.trim() || 'this_month')
  const channels = control.channels().filter((channel) => channel.type === type.data)
  const rows = await control.statistics.read({
    ...{ fromMs, toMs, nowMs, zone, by: ['model'] },
    ...(type.success && { channelIds: channels.map(({ id }) => id) }),
  })
  return done(rows.map(({ model }) => model).filter((model) => model !== ''))
}

function rangeOf({ control, clock, zone }: AdminDeps, name: string) {
  return timeRange(name, clock.nowMs(), settingsOf(control.settings()).resetTimeZone || zone)
}

function costPartsView(read: CostParts | undefined): Pick<LogRow, 'cost_parts'> {
  if (read === undefined) return {}
  const { multiplier, tier, isLongContext, pricedAs, isClamped, isEstimated, isUnpriced } = read
  const parts = read.parts.map((part) => ({
    what: part.what,
    count: part.count,
    price: part.usdPerUnit,
    cost: Math.round(nanoUsdOf(part, multiplier)) / NANO,
  }))
  return {
    cost_parts: {
      ...{ parts, multiplier, tier, long_context: isLongContext },
      ...(pricedAs !== undefined && { priced_as: pricedAs }),
      ...{ clamped: isClamped, estimated: isEstimated, unpriced: isUnpriced },
    },
  }
}

function rowView(row: StoredLogRow, channelName: string | undefined): LogRow {
  return {
    id: row.id,
    time: Math.floor(row.timeMs / MS),
    time_ms: row.timeMs,
    model: row.model,
    ...(row.actualModel === '' ? {} : { actual_model: row.actualModel }),
    channel_id: row.channelId,
    ...(channelName === undefined ? {} : { channel_name: channelName }),
    status_code: row.statusCode,
    message: row.message,
    duration: row.durationMs / MS,
    is_streaming: row.streaming,
    first_byte_time: row.firstByteMs / MS,
    api_key_used: row.apiKeyUsed,
    auth_token_id: row.tokenId,
    client_ip: row.clientIp,
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    cache_read_input_tokens: row.cacheReadTokens,
    cache_creation_input_tokens: row.cacheWriteTokens,
    cache_5m_input_tokens: row.cacheWrite5mTokens,
    cache_1h_input_tokens: row.cacheWrite1hTokens,
    reasoning_tokens: row.reasoningTokens,
    usage_state: row.usageState,
    cost: row.costNanoUsd / NANO,
    ...costPartsView(row.costParts),
    request_id: row.requestId,
    attempt_no: row.attemptNo,
    path: row.path,
    bytes_sent: row.bytesSent,
  }
}
