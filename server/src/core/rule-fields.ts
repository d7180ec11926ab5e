import { compilePattern, type RulePattern } from './rule-pattern.ts'

/** Both inclusive. */
export type StatusRange = { readonly from: number; readonly to: number }

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

/** Reads the fields of one rule, each once. What is wrong with it is told at the end: the first problem. */
export type FieldReader = {
  name(field: string): string
  statuses(field: string): readonly StatusRange[]
  pattern(field: string): RulePattern | undefined
  /** A list of some of `choices`; absent = empty. */
  oneOrMore<T extends string>(field: string, choices: readonly T[]): readonly T[]
  ids(field: string): readonly number[]
  /** One of `choices`, which must be there. */
  choice<T extends string>(field: string, choices: readonly [T, ...T[]]): T
  /** Whole seconds, as ms. */
  durationMs(field: string): number | undefined
  problem(): string | undefined
}

const MAX_NAME_CHARS = 60
const MAX_PATTERN_CHARS = 2_000
const MAX_LIST = 100
const MAX_DURATION_S = 7 * 86_400
const NAME = /^[^\p{Cc}]*$/u

/** @param item  Untrusted. */
export function fieldReader(item: unknown): FieldReader {
  const isObject = typeof item === 'object' && item !== null && !Array.isArray(item)
  const fields = new Map<string, unknown>(isObject ? Object.entries(item) : [])
  let first: string | undefined = isObject ? undefined : 'must be an object'
  const complain = (field: string, why: string): void => {
    first ??= `${field}: ${why}`
  }
  const take = (field: string): unknown => {
    const value = fields.get(field)
    fields.delete(field)
    return value
  }
  const list = (field: string): readonly unknown[] => {
    const value = take(field)
    if (value === undefined) return []
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LIST) {
      complain(field, `must be a list of 1 to ${MAX_LIST}`)
      return []
    }
    return value
  }
  return {
    name: (field) => nameOf(take(field), (why) => complain(field, why)),
    statuses: (field) => statusesOf(take(field), (why) => complain(field, why)),
    pattern: (field) => patternOf(take(field), (why) => complain(field, why)),
    oneOrMore: (field, choices) => {
      const values = list(field)
      const known = choices.filter((choice) => values.includes(choice))
      if (values.some((value) => !known.some((choice) => choice === value)))
        complain(field, `may hold ${choices.join(', ')}`)
      return known
    },
    ids: (field) => {
      const values = list(field)
      const ids = values.filter((id): id is number => Number.isSafeInteger(id) && Number(id) > 0)
      if (ids.length !== values.length) complain(field, 'must hold ids of channels')
      return ids
    },
    choice: (field, choices) => {
      const value = take(field)
      const found = choices.find((choice) => choice === value)
      if (found === undefined) complain(field, `must be one of ${choices.join(', ')}`)
      return found ?? choices[0]
    },
    durationMs: (field) => durationOf(take(field), (why) => complain(field, why)),
    problem: () => first ?? unknownField(fields),
  }
}

type Complain = (why: string) => void

function unknownField(left: ReadonlyMap<string, unknown>): string | undefined {
  const [field] = left.keys()
  return field === undefined ? undefined : `unknown field ${JSON.stringify(field.slice(0, MAX_NAME_CHARS))}`
}

function nameOf(value: unknown, complain: Complain): string {
  if (value === undefined) return ''
  if (typeof value === 'string' && value.length <= MAX_NAME_CHARS && NAME.test(value)) return value
  complain(`must be a text of at most ${MAX_NAME_CHARS} characters`)
  return ''
}

function patternOf(value: unknown, complain: Complain): RulePattern | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > MAX_PATTERN_CHARS) {
    complain(`must be a pattern of 1 to ${MAX_PATTERN_CHARS} characters`)
    return undefined
  }
  const read = compilePattern(value)
  if (read.ok) return read.pattern
  complain(`${read.why} at offset ${read.at}`)
  return undefined
}

function durationOf(value: unknown, complain: Complain): number | undefined {
  if (value === undefined) return undefined
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_DURATION_S) return Number(value) * 1_000
  complain(`must be whole seconds from 0 to ${MAX_DURATION_S} (7 days)`)
  return undefined
}

const STATUS_FORM = 'must be a status from 100 to 599, a range such as "500-599", or a list of these'

function statusesOf(value: unknown, complain: Complain): readonly StatusRange[] {
  if (value === undefined) return []
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const ranges = items.flatMap((item) => rangeOf(item) ?? [])
  if (items.length === 0 || items.length > MAX_LIST || ranges.length !== items.length) complain(STATUS_FORM)
  return ranges
}

function rangeOf(item: unknown): StatusRange | undefined {
  const text = typeof item === 'number' || typeof item === 'string' ? String(item) : ''
  const found = /^\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?$/.exec(text)
  if (!found) return undefined
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])]
  return from >= 100 && to <= 599 && from <= to ? { from, to } : undefined
}
