import type { Seat, Shared } from '../ports/shared.ts'

/** Where sessions sit, over all processes: the vendor's prompt cache is warm at the channel and key that served last. */
export type Affinity = {
  /** @param name  Of the session, or of a stored answer. */
  seat(name: string, nowMs: number): Seat | undefined
  sit(name: string, seat: Seat, untilMs: number): void
}

export function sharedAffinity(shared: Shared): Affinity {
  return {
    seat: (name, nowMs) => shared.seat(hashOf(name), nowMs),
    sit: (name, seat, untilMs) => shared.sit(hashOf(name), seat, untilMs),
  }
}

/** 64 bits; equal names of different sessions are out of the question, equal hashes send one to a warm seat of another. */
function hashOf(name: string): bigint {
  return BigInt(Bun.hash.wyhash(name))
}
