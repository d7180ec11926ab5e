import type { LogRow } from '../ports/attempt-log.ts'

export type Batch = { readonly batch: number; readonly rows: readonly LogRow[] }

export type Outbox = {
  add(row: LogRow): void
  /** Sends what is waiting now. */
  flush(): void
  /** Batches up to this one are on disk and forgotten here. */
  stored(upTo: number): void
  /** Nobody will say "stored" any more: what is on its way goes to disk now. */
  orphaned(): void
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
  let pending: LogRow[] = []
  let sent: Batch[] = []
  let sentRows = 0
  let nextBatch = 1
  let timer: ReturnType<typeof setTimeout> | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (pending.length === 0) return
    const batch = { batch: nextBatch++, rows: pending }
    pending = []
    const isSent = parts.send(batch)
    sent.push(batch)
    sentRows += batch.rows.length
    // With nobody at the other end this process may be killed at any time: what it knows goes to disk at once.
    while (sentRows > (isSent ? parts.maxRows : 0)) {
      const oldest = sent.shift()
      if (!oldest) break
      sentRows -= oldest.rows.length
      parts.spill(oldest.rows)
    }
  }

  return {
    add(row) {
      pending.push(row)
      timer ??= setTimeout(flush, parts.everyMs)
    },
    flush,
    stored(upTo) {
      sent = sent.filter((batch) => batch.batch > upTo)
      sentRows = sent.reduce((sum, batch) => sum + batch.rows.length, 0)
    },
    orphaned() {
      flush()
      for (const batch of sent.splice(0)) parts.spill(batch.rows)
      sentRows = 0
    },
    unstored: () => [...sent.flatMap((batch) => batch.rows), ...pending],
  }
}
