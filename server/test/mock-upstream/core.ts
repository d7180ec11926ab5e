import type { Call } from './call.ts'
import { PromptCache } from './prompt-cache.ts'
import type { RuleBook } from './rule-book.ts'

const MAX_STORED = 1_000

/** What all connections of one mock share. */
export class Core {
  readonly rules: RuleBook
  readonly calls: Call[] = []
  /** Records nothing and keeps no body. */
  readonly isQuiet: boolean
  /** Part of the seed of every answer, so that two mocks give different ids. */
  readonly name: string
  readonly prompts = new PromptCache()
  readonly #stored = new Map<string, string>()
  #connections = 0
  #callCount = 0

  constructor(given: { readonly rules: RuleBook; readonly isQuiet: boolean; readonly name: string }) {
    this.rules = given.rules
    this.isQuiet = given.isQuiet
    this.name = given.name
  }

  /** Calls since the start or the last reset, the unrecorded ones included. */
  get callCount(): number {
    return this.#callCount
  }

  nextConnection(): number {
    this.#connections++
    return this.#connections
  }

  note(call: Call): void {
    this.#callCount++
    if (!this.isQuiet) this.calls.push(call)
  }

  countUnrecorded(): void {
    this.#callCount++
  }

  store(id: string, answer: string): void {
    const [oldest] = this.#stored.keys()
    if (this.#stored.size >= MAX_STORED && oldest !== undefined) this.#stored.delete(oldest)
    this.#stored.set(id, answer)
  }

  stored(id: string): string | undefined {
    return this.#stored.get(id)
  }

  reset(): void {
    this.rules.set([])
    this.calls.length = 0
    this.#callCount = 0
    this.#stored.clear()
    this.prompts.clear()
  }
}
