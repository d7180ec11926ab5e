import { consideredText, withSeat } from '../core/decision.ts'
import type { Ordering } from '../core/order-channels.ts'
import type { Standee } from '../core/standee.ts'

export type Considered = Pick<Ordering<Standee>, 'skipped' | 'isFallback'> & {
  /** How many have the model, but not for this token. */
  readonly barred: number
  /** Where the session sat. */
  readonly seatId: number | undefined
}

/** Made on first use, kept as long as the candidates stand as they do. */
const texts = new WeakMap<readonly Standee[], string>()

/** What the first row of a request says about who was considered. Cost: one look-up, as long as nobody's rest changes. */
export function considered(
  candidates: readonly Standee[],
  { skipped, isFallback, barred, seatId }: Considered,
): string {
  let text = texts.get(candidates)
  if (text === undefined) {
    text = consideredText({ candidates, skipped, barred, isLastResort: isFallback })
    texts.set(candidates, text)
  }
  const isSeated = seatId !== undefined && text !== '' && candidates.some(({ id }) => id === seatId)
  return isSeated ? withSeat(text, seatId) : text
}
