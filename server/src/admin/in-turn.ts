/** Runs what concerns one id one after the other, so that a read-and-write-back never loses another's change. */
export function inTurn(): <T>(id: number, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<number, Promise<unknown>>()
  return async (id, work) => {
    const before = tails.get(id) ?? Promise.resolve()
    const mine = before.then(work, work) // the failure of the one before is its own caller's news
    tails.set(id, mine)
    try {
      return await mine
    } finally {
      if (tails.get(id) === mine) tails.delete(id)
    }
  }
}
