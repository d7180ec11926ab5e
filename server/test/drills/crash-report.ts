import { Database } from 'bun:sqlite'
import { OUTPUT_TOKENS, type Served } from './crash-upstream.ts'

/** Times are `performance.now()` of the drill. */
export type Kill = { readonly atMs: number; readonly what: 'control' | 'proxy' }

/** How a client saw its request end. */
export type Seen = {
  readonly requestId: string
  readonly status: number
  readonly ending: 'open' | 'whole' | 'cut' | 'refused'
  readonly endedAtMs: number
}

type Sums = {
  readonly success: number
  readonly error: number
  readonly input: number
  readonly output: number
  readonly nano: number
}

export type CrashParts = {
  readonly database: string
  readonly served: ReadonlyMap<number, Served>
  readonly seen: ReadonlyMap<number, Seen>
  readonly kills: readonly Kill[]
  /** Of `GET /admin/stats`. */
  readonly stats: readonly {
    readonly channel_id: number
    readonly success: number
    readonly error: number
    readonly total_input_tokens?: number
    readonly total_output_tokens?: number
    readonly total_cost?: number
  }[]
  /** Of `GET /admin/auth-tokens`. */
  readonly tokens: readonly {
    readonly id: number
    readonly prompt_tokens_total: number
    readonly cost_used_usd: number
  }[]
  readonly tookMs: number
  readonly refused: number
}

export type CrashReport = {
  readonly requests: number
  readonly kills: Readonly<Record<Kill['what'], number>>
  readonly tookS: number
  /** Requests that found nobody to take them, and were asked again. */
  readonly refused: number
  readonly rows: number
  readonly byStatus: Readonly<Record<string, number>>
  /** Served, with nothing in the log: what a killed proxy had known for less than a second, and what it had known longer. */
  readonly lostYoung: number
  readonly lost: readonly string[]
  /** In the log, but not with all that was served; for less than a second, and longer. */
  readonly shortYoung: number
  readonly short: readonly string[]
  readonly doubled: readonly string[]
  /** Totals that differ from the sum of the log rows. */
  readonly wrongTotals: readonly string[]
  readonly problems: readonly string[]
}

type Row = {
  readonly request_id: string
  readonly status_code: number
  readonly input_tokens: number
  readonly output_tokens: number
}

/** What a process has known for longer than this may not be lost with it. */
const YOUNG_MS = 1_000
/** The clocks of a kill and of a connection's end are read at different moments. */
const SLACK_MS = 100

export function crashReport(parts: CrashParts): CrashReport {
  const db = new Database(parts.database, { readonly: true })
  try {
    const rows = db.query<Row, []>('SELECT request_id, status_code, input_tokens, output_tokens FROM logs').all()
    const losses = lossesOf(parts, rows)
    const wrongTotals = [...wrongTokens(db, parts), ...wrongChannels(db, parts)]
    const { lost, short, doubled } = losses
    return {
      requests: parts.served.size,
      kills: { control: count(parts.kills, 'control'), proxy: count(parts.kills, 'proxy') },
      tookS: Math.round(parts.tookMs / 1000),
      refused: parts.refused,
      rows: rows.length,
      byStatus: Object.fromEntries(
        [...Map.groupBy(rows, (row) => row.status_code)].map(([status, some]) => [String(status), some.length]),
      ),
      ...losses,
      wrongTotals,
      problems: [...lost, ...short, ...doubled, ...wrongTotals],
    }
  } finally {
    db.close()
  }
}

function count(kills: readonly Kill[], what: Kill['what']): number {
  return kills.filter((kill) => kill.what === what).length
}

function lossesOf(parts: CrashParts, rows: readonly Row[]) {
  const rowsOf = Map.groupBy(rows, (row) => row.input_tokens)
  const isYoung = youngness(parts)
  const known = new Set(rows.map((row) => row.request_id))
  const found = { lostYoung: 0, lost: [] as string[], shortYoung: 0, short: [] as string[], doubled: [] as string[] }
  for (const served of parts.served.values()) {
    const { number, kind, calls, usageAtMs } = served
    const mine = rowsOf.get(number) ?? []
    const seen = parts.seen.get(number)
    const name = `${number} ${kind} ${seen?.requestId} ${seen?.ending} ${seen?.status}`
    if (mine.length > calls) found.doubled.push(`${name}: ${mine.length} rows for ${calls} calls`)
    // A reset may overtake what was sent before it: then the gateway has seen nothing, says so, and charges nothing.
    const isOvertaken = kind === 'cut' && seen?.status === 502 && known.has(seen.requestId)
    if (usageAtMs === 0 || isOvertaken || isWhole(served, seen, mine)) continue
    const where = `${name}: ${mine.map((row) => `${row.status_code}/${row.output_tokens}`).join() || 'no row'}`
    if (mine.length === 0) isYoung(served, seen) ? found.lostYoung++ : found.lost.push(where)
    else isYoung(served, seen) ? found.shortYoung++ : found.short.push(where)
  }
  return found
}

/** Is there a row with all that was served? A request that was cut by a kill has been served as far as it came. */
function isWhole({ kind }: Served, seen: Seen | undefined, rows: readonly Row[]): boolean {
  const isCut = seen?.ending === 'cut' && kind !== 'cut' && kind !== 'leave'
  const isComplete = kind === 'whole' || kind === 'stream' || kind === 'slow'
  if (!isComplete || isCut) return rows.length > 0
  return rows.some((row) => row.status_code === 200 && row.output_tokens === OUTPUT_TOKENS)
}

/**
 * Was what is missing known to its process for less than a second when that was killed? Which proxy served whom is told by
 * the request's id, of which the middle names the process; one that served somebody later was not killed.
 */
function youngness({ kills, seen }: CrashParts): (served: Served, seen: Seen | undefined) => boolean {
  const lastSignOf = new Map<string, number>()
  for (const { requestId, endedAtMs, ending } of seen.values()) {
    const name = processOf(requestId)
    if (name !== '' && ending === 'whole') lastSignOf.set(name, Math.max(lastSignOf.get(name) ?? 0, endedAtMs))
  }
  const proxyKills = kills.filter(({ what }) => what === 'proxy')
  return ({ usageAtMs }, one) => {
    const lastSignMs = lastSignOf.get(processOf(one?.requestId ?? '')) ?? 0
    return proxyKills.some(({ atMs }) => {
      if (lastSignMs > atMs + SLACK_MS) return false
      const endedAtMs = one?.endedAtMs ?? Number.POSITIVE_INFINITY
      const knownAtMs = endedAtMs < atMs - SLACK_MS ? endedAtMs : usageAtMs
      return atMs >= knownAtMs - SLACK_MS && atMs - knownAtMs <= YOUNG_MS
    })
  }
}

function processOf(requestId: string): string {
  return requestId.split('-')[1] ?? ''
}

const SUMS = `sum(status_code BETWEEN 200 AND 299) AS success, sum(status_code NOT BETWEEN 200 AND 299) AS error,
  sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_nano) AS nano`

function* wrongTokens(db: Database, { tokens }: CrashParts): Iterable<string> {
  const inLog = db.query<Sums & { id: number }, []>(
    `SELECT auth_token_id AS id, ${SUMS} FROM logs WHERE auth_token_id > 0 GROUP BY auth_token_id`,
  )
  for (const { id, ...wanted } of inLog.all()) {
    const kept = db
      .query<Sums, [number]>(
        `SELECT success_count AS success, failure_count AS error, prompt_tokens_total AS input,
          completion_tokens_total AS output, cost_used_microusd * 1000 + cost_used_rest_nano AS nano
         FROM auth_tokens WHERE id = ?`,
      )
      .get(id)
    if (!Bun.deepEquals(kept, wanted)) yield `token ${id}: ${JSON.stringify(kept)}, rows ${JSON.stringify(wanted)}`
    const told = tokens.find((token) => token.id === id)
    if (told?.prompt_tokens_total !== wanted.input) yield `token ${id} is told with ${told?.prompt_tokens_total}`
  }
}

/** Of what statistics count: attempts at a channel that the client did not leave. */
function* wrongChannels(db: Database, { stats }: CrashParts): Iterable<string> {
  const inLog = db.query<Sums & { id: number }, []>(
    `SELECT channel_id AS id, ${SUMS} FROM logs WHERE channel_id > 0 AND status_code <> 499 GROUP BY channel_id`,
  )
  for (const { id, ...wanted } of inLog.all()) {
    const told = stats
      .filter((entry) => entry.channel_id === id)
      .reduce(
        (sum, entry) => ({
          success: sum.success + entry.success,
          error: sum.error + entry.error,
          input: sum.input + (entry.total_input_tokens ?? 0),
          output: sum.output + (entry.total_output_tokens ?? 0),
          nano: sum.nano + Math.round((entry.total_cost ?? 0) * 1e9),
        }),
        { success: 0, error: 0, input: 0, output: 0, nano: 0 },
      )
    if (!Bun.deepEquals(told, wanted)) yield `channel ${id}: ${JSON.stringify(told)}, rows ${JSON.stringify(wanted)}`
  }
}
