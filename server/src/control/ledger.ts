import type { Log } from '../ports/log.ts'
import { type AttemptLog, type LogRow, StoreError } from '../ports/store.ts'

/** Where rows go that the database does not take and memory no longer holds. */
export type Overflow = (rows: readonly LogRow[]) => void

export type LedgerParts = {
  readonly logs: AttemptLog
  readonly log: Log
  readonly overflow: Overflow
  /** Rows of batches up to this one of this proxy are on disk. */
  readonly stored: (proxy: unknown, upTo: number) => void
}

/** The book of finished attempts: written in batches, each row once, none forgotten while the database is away. */
export type Ledger = {
  /** @param batch  Number of this batch from `proxy`, counting up; `proxy` undefined = rows of our own. */
  take(rows: readonly LogRow[], proxy?: unknown, batch?: number): void
  /** Resolves when everything taken before the call is on disk, or the database has refused it. */
  flush(): Promise<void>
  /** `''` = fine; else what keeps rows from being written. */
  trouble(): string
  /** Writes what the database does not take to the overflow. */
  close(): Promise<void>
}

type Taken = { readonly rows: readonly LogRow[]; readonly proxy: unknown; readonly batch: number }

const FLUSH_MS = 100
const RETRY_MS = 1_000
const MAX_ROWS_AT_ONCE = 1_000
const MAX_ROWS_HELD = 100_000

export function ledger(parts: LedgerParts): Ledger {
  let waiting: Taken[] = []
  let rowsHeld = 0
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let trouble = ''

  const later = (ms: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, ms)
  }

  const nextBatch = (): Taken[] => {
    const batch: Taken[] = []
    let count = 0
    for (const taken of waiting) {
      if (count > 0 && count + taken.rows.length > MAX_ROWS_AT_ONCE) break
      batch.push(taken)
      count += taken.rows.length
    }
    return batch
  }

  const writeOnce = async (): Promise<boolean> => {
    const batch = nextBatch()
    waiting = waiting.slice(batch.length)
    const rows = batch.flatMap((taken) => taken.rows)
    try {
      await parts.logs.append(rows)
    } catch (error) {
      const kind = error instanceof StoreError ? error.kind : 'broken'
      if (trouble === '') parts.log.write('error', 'log rows wait: the database does not take them', { kind, error })
      trouble = `the database does not take log rows (${kind})`
      waiting = [...batch, ...waiting]
      return false
    }
    trouble = ''
    rowsHeld -= rows.length
    for (const { proxy, batch: upTo } of batch) if (proxy !== undefined) parts.stored(proxy, upTo)
    return true
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      if (await writeOnce()) continue
      later(RETRY_MS)
      return
    }
  }

  const flush = async (): Promise<void> => {
    while (writing) await writing
    if (waiting.length === 0) return
    writing = drain()
    await writing
    writing = undefined
  }

  return {
    take(rows, proxy, batch = 0) {
      waiting.push({ rows, proxy, batch })
      rowsHeld += rows.length
      later(FLUSH_MS)
      while (rowsHeld > MAX_ROWS_HELD && waiting.length > 1) {
        const oldest = waiting.shift()
        if (!oldest) return
        rowsHeld -= oldest.rows.length
        parts.overflow(oldest.rows)
        if (oldest.proxy !== undefined) parts.stored(oldest.proxy, oldest.batch)
      }
    },
    flush,
    trouble: () => trouble,
    async close() {
      clearTimeout(timer)
      timer = undefined
      await flush()
      clearTimeout(timer)
      const left = waiting.flatMap((taken) => taken.rows)
      if (left.length > 0) parts.overflow(left)
    },
  }
}
