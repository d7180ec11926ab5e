import { z } from 'zod'

/**
 * A schema that does not mind the read-only fields of our own answers, so that an object can be read, edited and sent
 * back whole. They are dropped before the schema looks; every other unknown field is its affair.
 */
export function ignoring<Schema extends z.ZodType>(readOnly: readonly string[], schema: Schema) {
  return z.preprocess((value) => (isRecord(value) ? without(value, new Set(readOnly)) : value), schema)
}

function without(record: object, names: ReadonlySet<string>): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)))
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
