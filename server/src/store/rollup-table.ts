import { histogramText, parseHistogram } from '../core/histogram.ts'
import { emptyRollup, type Rollup, SUM_FIELDS, type Sums } from '../core/rollup.ts'
import type { Tier } from '../core/rollup-tiers.ts'
import type { SqlDialect } from './dialect.ts'
import type { RollupsTable } from './schema.ts'
import type { SqlStatement } from './sql-engine.ts'

/** Column `tier`. A minute begins as `pending` and is folded into all others at once. */
export const TIER_CODE = { pending: 0, minute: 1, quarter: 2, hour: 3, day: 4, sixhour: 5 } as const satisfies Record<
  Tier | 'pending',
  number
>

/** Column `family`: what a row tells apart. */
export const FAMILY = { all: 1, channel: 2, model: 3, token: 4, full: 5 } as const

/** The families that folded minutes are kept in; charts of a day need no more as long as nobody filters. */
export const MINUTE_FAMILIES: readonly number[] = [FAMILY.all, FAMILY.channel, FAMILY.full]

export type RollupKey = {
  readonly tier: number
  readonly family: number
  readonly bucketMs: number
  readonly channelId: number
  readonly model: string
  readonly tokenId: number
}

export const KEY_COLUMNS = ['tier', 'family', 'bucket_ms', 'channel_id', 'model', 'token_id'] as const

export const SUM_COLUMNS = {
  success: 'success',
  error: 'error',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  cacheReadTokens: 'cache_read_tokens',
  cacheWriteTokens: 'cache_write_tokens',
  costNanoUsd: 'cost_nano',
  durationUs: 'duration_us',
  errorDurationUs: 'error_duration_us',
  ttfbUs: 'ttfb_us',
  ttfbCount: 'ttfb_count',
  wholeUs: 'whole_us',
  wholeCount: 'whole_count',
} as const satisfies Record<keyof Sums, keyof RollupsTable>

const HISTOGRAM_COLUMNS = ['ttfb_hist', 'duration_hist'] as const
const COLUMNS = [
  ...KEY_COLUMNS,
  ...SUM_FIELDS.map((field) => SUM_COLUMNS[field]),
  'peak_rpm',
  ...HISTOGRAM_COLUMNS,
] as const
const ROWS_AT_ONCE = 32

/** A row to add to what is stored under its key. `peakRpm` does not add: the greater one stays. */
export type RollupRow = { readonly key: RollupKey; readonly rollup: Rollup; readonly peakRpm: number }

/** Adds rows to the table, compiled once for each number of rows that it writes at a time. */
export function rollupUpsert(dialect: SqlDialect): (rows: readonly RollupRow[]) => readonly SqlStatement[] {
  const one = `(${COLUMNS.map(() => '?').join(', ')})`
  const tail = dialect.accumulate(KEY_COLUMNS, {
    sum: SUM_FIELDS.map((field) => SUM_COLUMNS[field]),
    max: ['peak_rpm'],
    append: HISTOGRAM_COLUMNS,
  })
  const texts = new Map<number, string>()
  const textFor = (count: number): string => {
    const known = texts.get(count)
    if (known !== undefined) return known
    const text = `INSERT INTO rollups (${COLUMNS.join(', ')}) VALUES ${Array(count).fill(one).join(', ')} ${tail}`
    texts.set(count, text)
    return text
  }
  return (rows) => {
    const statements: SqlStatement[] = []
    let at = 0
    while (at < rows.length) {
      const count = rows.length - at >= ROWS_AT_ONCE ? ROWS_AT_ONCE : 1
      const values: (string | number)[] = []
      for (let row = at; row < at + count; row++) pushValues(values, rows[row])
      statements.push({ sql: textFor(count), parameters: values })
      at += count
    }
    return statements
  }
}

function pushValues(values: (string | number)[], row: RollupRow | undefined): void {
  if (row === undefined) return
  const { key, peakRpm } = row
  const { sums, ttfb, duration } = row.rollup
  values.push(key.tier, key.family, key.bucketMs, key.channelId, key.model, key.tokenId)
  for (const field of SUM_FIELDS) values.push(sums[field])
  values.push(peakRpm, histogramText(ttfb), histogramText(duration))
}

/** A stored row as it adds up. */
export function rollupOf(row: RollupsTable): Rollup {
  const { sums } = emptyRollup()
  for (const field of SUM_FIELDS) sums[field] = Number(row[SUM_COLUMNS[field]])
  return { sums, ttfb: new Map(parseHistogram(row.ttfb_hist)), duration: new Map(parseHistogram(row.duration_hist)) }
}

/** The name of a key, for maps. */
export function keyText({ tier, family, bucketMs, channelId, model, tokenId }: RollupKey): string {
  return `${tier} ${family} ${bucketMs} ${channelId} ${tokenId} ${model}`
}
