import { packRow, unpackRows } from '../link/row-wire.ts'
import type { LogRow } from '../ports/attempt-log.ts'

/** Writing to disk holds up all requests: seldom and much at a time, not with every batch. */
const KEPT_SHARE = 0.9

/** `rows` as `unpackRows` takes them. */
export type Batch = { readonly batch: number; readonly rows: string }

export type Outbox = {
  add(row: LogRow): void
  /** Sends what is waiting now. */
  flush(): void
  /** Batches up to this one are on disk and forgotten here. */
  stored(upTo: number): void
  /** Nobody will say "stored" any more: what is on its way goes to disk now. */
  orphaned(): void
  /** Everything is known to be on disk. */
  isEmpty(): boolean
  /** Everything that is not known to be on disk, oldest first. */
  unstored(): readonly LogRow[]
}

export type OutboxParts = {
  readonly send: (batch: Batch) => boolean
  /** Takes rows that would not fit in memory. */
  readonly spill: (rows: readonly LogRow[]) => void
  readonly everyMs: number
  readonly maxRows: number
}

/**
 * Endings on their way to control: batched for a few ms, kept until control says they are on disk, so that a control
 * that dies loses none. Memory is bounded: past `maxRows` the oldest go to disk here.
 */
export function outbox(parts: OutboxParts): Outbox {
  // As text from the first moment: thousands of rows wait to be stored, and as objects each would outlive several collections.
  let pending: string[] = []
  let sent: (Batch & { readonly count: number })[] = []
  let sentRows = 0
  let nextBatch = 1
  let timer: ReturnType<typeof setTimeout> | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (pending.length === 0) return
    const batch = { batch: nextBatch++, rows: `[${pending.join(',')}]` }
    const isSent = parts.send(batch)
    sent.push({ ...batch, count: pending.length })
    sentRows += pending.length
    pending = []
    // With nobody at the other end this process may be killed at any time: what it knows goes to disk at once.
    if (!isSent) spillDownTo(0)
    else if (sentRows > parts.maxRows) spillDownTo(parts.maxRows * KEPT_SHARE)
  }

  const spillDownTo = (maxRows: number): void => {
    const rows: LogRow[] = []
    while (sentRows > maxRows) {
      const oldest = sent.shift()
      if (!oldest) break
      sentRows -= oldest.count
      for (const row of unpackRows(oldest.rows)) rows.push(row)
    }
    parts.spill(rows)
  }

  return {
    add(row) {
      pending.push(packRow(row))
      timer ??= setTimeout(flush, parts.everyMs)
    },
    flush,
    stored(upTo) {
      sent = sent.filter((batch) => batch.batch > upTo)
      sentRows = sent.reduce((sum, { count }) => sum + count, 0)
    },
    orphaned() {
      flush()
      spillDownTo(0)
    },
    isEmpty: () => sent.length === 0 && pending.length === 0,
    unstored: () => [...sent.flatMap(({ rows }) => unpackRows(rows)), ...unpackRows(`[${pending.join(',')}]`)],
  }
}
