import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { planKeys } from './channel-keys.ts'

const TEXTS = fc.array(fc.constantFrom<string[]>('a', 'b', 'c', 'd'), { maxLength: 8 })

describe('planning the keys of a channel', () => {
  test('a key that stays keeps its row, one that is new is added, one that left is dropped', () => {
    const existing = [
      { id: 11, apiKey: 'a' },
      { id: 12, apiKey: 'b' },
    ]
    expect(planKeys(existing, ['c', 'b'])).toEqual({
      keep: [{ id: 12, index: 1 }],
      add: [{ apiKey: 'c', index: 0 }],
      drop: [11],
    })
  })

  test('every wanted key gets its place, every old row is kept or dropped once, whatever repeats', () => {
    fc.assert(
      fc.property(TEXTS, TEXTS, (before, wanted) => {
        const existing = before.map((apiKey, place) => ({ id: 100 + place, apiKey }))
        const plan = planKeys(existing, wanted)
        const textOf = new Map(existing.map(({ id, apiKey }) => [id, apiKey]))
        const after: (string | undefined)[] = []
        for (const { id, index } of plan.keep) after[index] = textOf.get(id)
        for (const { apiKey, index } of plan.add) after[index] = apiKey
        expect(after).toEqual([...wanted])
        const rows = [...plan.keep.map(({ id }) => id), ...plan.drop]
        expect(rows.sort()).toEqual([...textOf.keys()])
        const dropped = plan.drop.map((id) => textOf.get(id))
        expect(plan.add.some(({ apiKey }) => dropped.includes(apiKey))).toBe(false) // never replaced without need
      }),
    )
  })
})
