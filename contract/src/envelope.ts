import { z } from 'zod'

/** What every answer of `/admin`, `/public`, `/login` and `/logout` looks like; all four keys are always there. */
export type Envelope<Data> = {
  readonly success: boolean
  /** `null` on most errors. */
  readonly data: Data
  /** `''` on success. */
  readonly error: string
  /** Number of all matching rows where an answer is one page of them, else 0. */
  readonly count: number
}

export function envelopeOf<Schema extends z.ZodType>(data: Schema) {
  return z.strictObject({ success: z.literal(true), data, error: z.literal(''), count: z.int().min(0) })
}

export const failureEnvelope = z.strictObject({
  success: z.literal(false),
  data: z.unknown(),
  error: z.string().min(1),
  count: z.literal(0),
})
