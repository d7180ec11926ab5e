import { REQUEST_ROUTE, type RequestAttempt, type RequestExplained } from '@ccload/contract/requests.ts'
import { settingsOf } from '../config/settings.ts'
import type { Control } from '../control/control.ts'
import type { Decision, RestNote, SkipNote } from '../core/decision.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { done, type Reply, refused } from './reply.ts'
import { storyOf } from './request-story.ts'
import { skipView } from './skip-words.ts'
import { decisionOf } from './stored-decision.ts'

const NANO = 1e9
const MS = 1_000
const MAX_ROWS = 1_100 // the setting `max_attempts` goes up to 1,000
const MAX_ID_CHARS = 191
const OK_FROM = 200
const OK_TO = 299
const GONE = 499

/** One row of a request with what it says of its decision. */
type Told = { readonly row: LogRow; readonly decision: Decision; readonly isRunning: boolean }

/** Why a request went as it went. */
export function requestEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [endpoint(REQUEST_ROUTE, ({ params }) => explain(deps, params['id'] ?? ''))]
}

async function explain({ control }: AdminDeps, id: string): Promise<Reply> {
  if (id === '' || id.length > MAX_ID_CHARS) return unknown(control, id)
  // What runs is asked for first: an attempt that ends between the two questions is then in both, and counts once.
  const running = (await control.running()).find(({ requestId }) => requestId === id)
  const { rows } = await control.logs.page({
    fromMs: 0,
    toMs: Number.MAX_SAFE_INTEGER,
    requestId: id,
    limit: MAX_ROWS,
    offset: 0,
    withTotal: false,
  })
  const stored = rows.filter((row) => row.requestId === id).toSorted((a, b) => a.attemptNo - b.attemptNo || a.id - b.id)
  const isStored = stored.some((row) => row.attemptId === running?.row.attemptId || isSummary(row))
  const told = [
    ...stored.map((row) => ({ row, decision: decisionOf(row.decision), isRunning: false })),
    ...(running && !isStored
      ? [{ row: running.row, decision: decisionOf(running.row.decision), isRunning: true }]
      : []),
  ]
  const [first] = told
  return first === undefined ? unknown(control, id) : done(explained(told, first, control))
}

function unknown(control: Control, id: string): Reply {
  const days = settingsOf(control.settings()).logRetentionDays
  const kept = days < 0 ? 'for ever' : `${days} days (setting log_retention_days)`
  const shown = id.replace(/\p{Cc}/gu, '?').slice(0, 60)
  return refused(
    404,
    `no request ${shown} in the log. The id is in the header x-ccload-request-id of the answer. Log rows are kept ${kept}. ` +
      'A request that was refused before any channel was looked for (401, 403, 413, 400, a limit of its token, 404) leaves no row: its answer says why.',
  )
}

/** The row that says how a request ended that no channel could serve. */
function isSummary({ channelId, attemptId }: LogRow): boolean {
  return channelId === 0 && attemptId.endsWith('-end')
}

function explained(told: readonly Told[], first: Told, control: Control): RequestExplained {
  const attempts = told.filter(({ row }) => row.channelId !== 0)
  const summary = told.find(({ row }) => isSummary(row))
  const last = attempts.at(-1)
  const isRunning = told.some((one) => one.isRunning)
  const state = isRunning ? 'running' : isOk(last) && summary === undefined ? 'succeeded' : 'failed'
  const clientStatus = isRunning ? undefined : (summary?.row.statusCode ?? statusOfLast(last))
  const { decision, row } = first
  const over = summary?.decision.over ?? (summary === undefined ? undefined : 'nobody-left')
  const view = {
    request_id: row.requestId,
    state,
    ...(clientStatus !== undefined && { client_status: clientStatus }),
    model: row.model,
    path: row.path,
    streaming: row.streaming,
    token_id: row.tokenId,
    client_ip: row.clientIp,
    started_ms: Math.floor(Math.min(...told.map((one) => one.row.timeMs))),
    duration_ms: summary?.row.durationMs ?? spanOf(attempts),
    ...consideredView(attempts, decision, control),
    attempts: attempts.map((one) => attemptView(one, control)),
    ...(over !== undefined && { over }),
    cost: told.reduce((sum, one) => sum + one.row.costNanoUsd, 0) / NANO,
  } satisfies Omit<RequestExplained, 'story'>
  return { ...view, story: storyOf(view, summary?.decision.passed?.map((note) => skipView(seen(note), control)) ?? []) }
}

function isOk(told: Told | undefined): boolean {
  return told !== undefined && told.row.statusCode >= OK_FROM && told.row.statusCode <= OK_TO
}

/** Without a row of its own an ending is an answer, a 400 that went straight back, a client that left, or a broken stream. */
function statusOfLast(told: Told | undefined): number | undefined {
  if (told === undefined) return undefined
  const { statusCode } = told.row
  if (isOk(told) || statusCode === GONE) return statusCode
  const verdict = told.decision.verdict
  if (verdict === undefined) return undefined
  return verdict.client === 400 ? 400 : OK_FROM // the stream had begun when it broke
}

function spanOf(attempts: readonly Told[]): number {
  const starts = attempts.map(({ row }) => row.timeMs)
  const ends = attempts.map(({ row }) => row.timeMs + row.durationMs)
  return attempts.length === 0 ? 0 : Math.round((Math.max(...ends) - Math.min(...starts)) * MS) / MS // to the microsecond
}

type ConsideredView = Pick<
  RequestExplained,
  'candidates' | 'more_candidates' | 'skipped' | 'more_skipped' | 'barred_by_token' | 'seat_channel_id' | 'last_resort'
>

function consideredView(attempts: readonly Told[], decision: Decision, control: Control): ConsideredView {
  const priorities = new Map(decision.among ?? [])
  const tried = [...new Set(attempts.map(({ row }) => row.channelId))]
  const others = [...priorities.keys()].filter((id) => !tried.includes(id))
  const candidate = (id: number, isTried: boolean) => {
    const name = control.channel(id)?.name
    const priority = priorities.get(id)
    return {
      channel_id: id,
      ...(name !== undefined && { channel_name: name }),
      ...(priority !== undefined && { priority }),
      tried: isTried,
    }
  }
  return {
    candidates: [...tried.map((id) => candidate(id, true)), ...others.map((id) => candidate(id, false))],
    more_candidates: decision.more ?? 0,
    skipped: (decision.skips ?? []).map((note) => skipView(seen(note), control)),
    more_skipped: decision.moreSkips ?? 0,
    barred_by_token: decision.barred ?? 0,
    ...(decision.seat !== undefined && { seat_channel_id: decision.seat }),
    last_resort: decision.lastResort === 1,
  }
}

function seen([channelId, why, untilMs]: SkipNote) {
  return { channelId, why, untilMs }
}

function attemptView({ row, decision, isRunning }: Told, control: Control): RequestAttempt {
  const name = control.channel(row.channelId)?.name
  const { verdict } = decision
  return {
    attempt_no: row.attemptNo,
    running: isRunning,
    channel_id: row.channelId,
    ...(name !== undefined && { channel_name: name }),
    api_key_used: row.apiKeyUsed,
    asked_model: row.actualModel || row.model,
    started_ms: Math.floor(row.timeMs),
    ...(row.firstByteMs > 0 && { first_byte_ms: row.firstByteMs }),
    duration_ms: row.durationMs,
    bytes_sent: row.bytesSent,
    ...(!isRunning && { status_code: row.statusCode }),
    message: isRunning ? 'running' : row.message,
    ...(verdict && {
      verdict: {
        blame: verdict.blame,
        next: verdict.next,
        client_status: verdict.client,
        ...(verdict.rule !== undefined && { rule: verdict.rule }),
      },
    }),
    ...(verdict?.rest && { cooldown: cooldownView(verdict.rest) }),
    passed_over: (decision.passed ?? []).map((note) => skipView(seen(note), control)),
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    cache_read_input_tokens: row.cacheReadTokens,
    cache_creation_input_tokens: row.cacheWriteTokens,
    reasoning_tokens: row.reasoningTokens,
    usage_state: row.usageState,
    cost: row.costNanoUsd / NANO,
  }
}

function cooldownView({ scope, since, until, step, capped }: RestNote): NonNullable<RequestAttempt['cooldown']> {
  return {
    scope,
    since_ms: since,
    until_ms: until,
    ...(step !== undefined && { step }),
    capped: capped === true,
  }
}
