import { behavioursOf, reading } from './apply-behaviours.ts'
import type { Rule } from './behaviour.ts'

type Entry = { readonly rule: Rule; readonly isRace: boolean; seen: number; used: number }

export type Question = {
  readonly key: string | undefined
  readonly path: string
  /** The connection has served a request before. */
  readonly isReused: boolean
}

/** The rules in force. The first that fits a call, and is not spent, decides. */
export class RuleBook {
  #entries: Entry[] = []

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  set(rules: readonly Rule[]): void {
    this.#entries = rules.map(entryOf)
  }

  add(rules: readonly Rule[]): void {
    this.#entries.push(...rules.map(entryOf))
  }

  /** The rule for this call, one use of which is spent; `undefined` when none fits. */
  take(question: Question): Rule | undefined {
    for (const entry of this.#entries) {
      if (!fits(entry, question)) continue
      entry.seen++
      if (entry.seen % (entry.rule.every ?? 1) !== 0) continue
      entry.used++
      return entry.rule
    }
    return undefined
  }
}

function entryOf(rule: Rule): Entry {
  return { rule, isRace: reading(behavioursOf(rule)).race !== undefined, seen: 0, used: 0 }
}

function fits(entry: Entry, question: Question): boolean {
  const { key, path, times } = entry.rule
  if (times !== undefined && entry.used >= times) return false
  if (key !== undefined && key !== question.key) return false
  if (path !== undefined && !question.path.startsWith(path)) return false
  return !entry.isRace || question.isReused
}
