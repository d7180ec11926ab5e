export type ExistingKey = { readonly id: number; readonly apiKey: string }

/** How a channel's key rows become the wanted list. Every wanted key is either kept or added. */
export type KeyPlan = {
  readonly keep: readonly { readonly id: number; readonly index: number }[]
  readonly add: readonly { readonly apiKey: string; readonly index: number }[]
  readonly drop: readonly number[]
}

/**
 * Matches keys by their text, so that one that stays keeps its row (id and cooldown) wherever it moves.
 *
 * @param existing  By index. Equal texts may stand in it twice (the earlier program allowed that).
 * @param wanted    The new list, in its order.
 */
export function planKeys(existing: readonly ExistingKey[], wanted: readonly string[]): KeyPlan {
  const idsOf = new Map<string, number[]>()
  for (const { id, apiKey } of existing) {
    const ids = idsOf.get(apiKey)
    if (ids) ids.push(id)
    else idsOf.set(apiKey, [id])
  }
  const keep: { id: number; index: number }[] = []
  const add: { apiKey: string; index: number }[] = []
  for (const [index, apiKey] of wanted.entries()) {
    const id = idsOf.get(apiKey)?.shift()
    if (id === undefined) add.push({ apiKey, index })
    else keep.push({ id, index })
  }
  return { keep, add, drop: [...idsOf.values()].flat() }
}
