import { describe, expect, test } from 'bun:test'
import { inTurn } from './in-turn.ts'

describe('one after the other, by id', () => {
  test('a read-and-write-back does not lose the change of another', async () => {
    const turn = inTurn()
    let list: number[] = []
    const add = (n: number) =>
      turn(1, async () => {
        const before = list
        await Promise.resolve()
        list = [...before, n]
      })
    await Promise.all([add(1), add(2), add(3)])
    expect(list).toEqual([1, 2, 3])
  })

  test('what concerns another id does not wait', async () => {
    const turn = inTurn()
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = turn(1, () => promise)
    expect(await turn(2, async () => 'done')).toBe('done')
    resolve()
    await slow
  })

  test('a failure is told to its own caller only', async () => {
    const turn = inTurn()
    const failing = turn(1, () => Promise.reject(new Error('mine')))
    const next = turn(1, async () => 'fine')
    await expect(failing).rejects.toThrow('mine')
    expect(await next).toBe('fine')
  })
})
