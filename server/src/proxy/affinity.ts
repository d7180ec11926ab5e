/** Which channel and key served a session last. */
export type Seat = { readonly channelId: number; readonly keyId: number }

export type Affinity = {
  seat(session: string, nowMs: number): Seat | undefined
  sit(session: string, seat: Seat, untilMs: number): void
}

const MAX_SESSIONS = 50_000

/** In this process's memory, oldest out first. A session that meets another process is simply placed anew there. */
export function sessionAffinity(): Affinity {
  const seats = new Map<string, Seat & { untilMs: number }>()
  return {
    seat(session, nowMs) {
      const seat = seats.get(session)
      return seat && seat.untilMs > nowMs ? seat : undefined
    },
    sit(session, seat, untilMs) {
      seats.delete(session) // moves it to the young end
      seats.set(session, { ...seat, untilMs })
      if (seats.size <= MAX_SESSIONS) return
      const oldest = seats.keys().next()
      if (!oldest.done) seats.delete(oldest.value)
    },
  }
}
