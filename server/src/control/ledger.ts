import type { AttemptLog, LogRow } from '../ports/attempt-log.ts'
import type { Log } from '../ports/log.ts'
import { StoreError } from '../ports/store.ts'

export type LedgerParts = {
  readonly logs: Pick<AttemptLog, 'append'>
  readonly log: Log
  /** Where rows go that the database does not take and memory no longer holds. */
  readonly overflow: (rows: readonly LogRow[]) => void
  /** Batches of this proxy up to this one are on disk. */
  readonly stored: (proxy: unknown, upTo: number) => void
}

type Taken = { readonly rows: readonly LogRow[]; readonly proxy: unknown; readonly batch: number }

/** Rows in batches of hundreds cost half of what they do in tens; whoever looks at the log has them written at once. */
const FLUSH_MS = 200
const RETRY_MS = 1_000
const MAX_ROWS_AT_ONCE = 1_000
const MAX_ROWS_HELD = 100_000
/** One file for many small batches: they come every few ms. */
const ROWS_A_SPILL = 5_000

/** The book of finished attempts: written in batches, each row once, none forgotten while the database is away. */
export class Ledger {
  readonly #parts: LedgerParts
  #waiting: Taken[] = []
  #rowsHeld = 0
  #writing: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #trouble = ''

  constructor(parts: LedgerParts) {
    this.#parts = parts
  }

  /** @param batch  Number of this batch from `proxy`, counting up; `proxy` undefined = rows of our own. */
  take(rows: readonly LogRow[], proxy?: unknown, batch = 0): void {
    this.#waiting.push({ rows, proxy, batch })
    this.#rowsHeld += rows.length
    this.#later(FLUSH_MS)
    if (this.#rowsHeld > MAX_ROWS_HELD) this.#spillOldest()
  }

  /** Resolves when everything taken before the call is on disk, or the database has refused it. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#waiting.length === 0) return
    this.#writing = this.#drain()
    await this.#writing
    this.#writing = undefined
  }

  /**
   * Runs `act` while all that was taken is on disk and nothing more is written: whoever counts what the database has
   * counts each row once, there or when it is taken. @returns False: not run, the database does not take rows.
   * Errors: those of `act`.
   */
  async whileStill(act: () => Promise<void>): Promise<boolean> {
    while (this.#waiting.length > 0 || this.#writing !== undefined) {
      await this.flush()
      if (this.#trouble !== '') return false
    }
    const done = act()
    this.#writing = done.catch(() => {}) // whoever called is told
    try {
      await done
    } finally {
      this.#writing = undefined
    }
    return true
  }

  /** `''` = fine; else what keeps rows from being written. */
  trouble(): string {
    return this.#trouble
  }

  /** Writes what the database does not take to the overflow. */
  async close(): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
    const left = this.#waiting.flatMap((taken) => taken.rows)
    if (left.length > 0) this.#spill(left)
  }

  #later(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.flush()
    }, ms)
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (await this.#writeOnce()) continue
      this.#later(RETRY_MS)
      return
    }
  }

  async #writeOnce(): Promise<boolean> {
    const batch = this.#nextBatch()
    const rows = batch.flatMap((taken) => taken.rows)
    try {
      await this.#parts.logs.append(rows)
    } catch (error) {
      const kind = error instanceof StoreError ? error.kind : 'broken'
      if (this.#trouble === '')
        this.#parts.log.write('error', 'log rows wait: the database does not take them', { kind, error })
      this.#trouble = `the database does not take log rows (${kind})`
      this.#waiting = [...batch, ...this.#waiting]
      return false
    }
    this.#trouble = ''
    this.#rowsHeld -= rows.length
    this.#tellStored(batch)
    return true
  }

  #nextBatch(): readonly Taken[] {
    let size = 0
    let count = 0
    for (const { rows } of this.#waiting) {
      if (count > 0 && size + rows.length > MAX_ROWS_AT_ONCE) break
      size += rows.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  #spillOldest(): void {
    const oldest: Taken[] = []
    while (this.#rowsHeld > MAX_ROWS_HELD - ROWS_A_SPILL && this.#waiting.length > 1) {
      const taken = this.#waiting.shift()
      if (taken === undefined) break
      this.#rowsHeld -= taken.rows.length
      oldest.push(taken)
    }
    if (oldest.length === 0) return
    this.#spill(oldest.flatMap(({ rows }) => rows))
    this.#tellStored(oldest)
  }

  /** Each proxy once: a message costs as much as several rows do. */
  #tellStored(taken: readonly Taken[]): void {
    const last = new Map(taken.map(({ proxy, batch }) => [proxy, batch]))
    for (const [proxy, upTo] of last) if (proxy !== undefined) this.#parts.stored(proxy, upTo)
  }

  /** When the disk refuses too there is nobody left to give them to: counted and said, and the program lives on. */
  #spill(rows: readonly LogRow[]): void {
    try {
      this.#parts.overflow(rows)
    } catch (error) {
      this.#parts.log.write('error', 'log rows lost: neither database nor spool takes them', {
        rows: rows.length,
        error,
      })
    }
  }
}
