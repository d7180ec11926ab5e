import { seatHash } from '../link/seat-name.ts'
import type { Seat, Shared } from '../ports/shared.ts'

/** Where sessions sit, over all processes: the vendor's prompt cache is warm at the channel and key that served last. */
export type Affinity = {
  /** @param name  Of the session, or of a stored answer. */
  seat(name: string, nowMs: number): Seat | undefined
  sit(name: string, seat: Seat, untilMs: number): void
}

export function sharedAffinity(shared: Shared): Affinity {
  return {
    seat: (name, nowMs) => shared.seat(seatHash(name), nowMs),
    sit: (name, seat, untilMs) => shared.sit(seatHash(name), seat, untilMs),
  }
}
