import type { Problems } from './judge.ts'

/** What a case found: nothing to complain about, and something worth knowing. */
export type Result = { readonly problems: Problems; readonly note: string }

type Row = { readonly name: string; readonly state: 'ok' | 'FAIL' | 'skip'; readonly ms: number; readonly note: string }

/** Runs cases one after the other, says each at once, and all of them again at the end. */
export class Report {
  readonly #wanted: readonly string[]
  readonly #rows: Row[] = []

  /** @param wanted  Only cases whose names hold one of these; none: all. */
  constructor(wanted: readonly string[]) {
    this.#wanted = wanted
  }

  wants(name: string): boolean {
    return this.#wanted.length === 0 || this.#wanted.some((part) => name.includes(part))
  }

  async run(name: string, play: () => Promise<Result>): Promise<void> {
    if (!this.wants(name)) return
    const startedMs = performance.now()
    const { problems, note } = await play().catch((error: unknown): Result => ({ problems: [String(error)], note: '' }))
    const ms = Math.round(performance.now() - startedMs)
    const state = problems.length === 0 ? 'ok' : 'FAIL'
    this.#rows.push({ name, state, ms, note: problems.length === 0 ? note : problems.join('; ') })
    console.log(`${state} ${name} (${ms} ms)`)
    for (const problem of problems) console.log(`     ${problem}`)
    if (problems.length > 0 && note !== '') console.log(`     (${note})`)
  }

  skip(name: string, why: string): void {
    if (!this.wants(name)) return
    this.#rows.push({ name, state: 'skip', ms: 0, note: why })
    console.log(`skip ${name}: ${why}`)
  }

  /** All cases, and as the last line how many there were. */
  table(): void {
    const width = Math.max(...this.#rows.map(({ name }) => name.length), 4)
    console.log('')
    for (const { name, state, ms, note } of this.#rows) {
      console.log(`${state.padEnd(4)}  ${name.padEnd(width)}  ${String(ms).padStart(6)} ms  ${note}`.trimEnd())
    }
    const count = (state: Row['state']) => this.#rows.filter((row) => row.state === state).length
    console.log(`\n${count('ok')} passed, ${count('FAIL')} failed, ${count('skip')} skipped`)
  }

  /** A run in which nothing passed has shown nothing. */
  code(): number {
    const hasFailed = this.#rows.some(({ state }) => state === 'FAIL')
    return hasFailed || !this.#rows.some(({ state }) => state === 'ok') ? 1 : 0
  }
}
