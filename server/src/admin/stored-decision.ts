import type { Decision } from '../core/decision.ts'

/** What a row says of its decision. A text that is none of ours says nothing: the row itself is still true. */
export function decisionOf(text: string | undefined): Decision {
  if (text === undefined || text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Decision) : {}
  } catch {
    return {} // cut or changed by hand
  }
}
