import { describe, expect, test } from 'bun:test'
import { slots } from './slots.ts'

function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return { promise, resolve, reject }
}

describe('a few places with a bounded line', () => {
  test('no more than the places run at once, and the line is served in order', async () => {
    const line = slots(1, 5)
    const first = held()
    const order: string[] = []
    const runs = [
      line.run(async () => order.push(await first.promise)),
      line.run(async () => order.push('b')),
      line.run(async () => order.push('c')),
    ]
    await Promise.resolve()
    expect(order).toEqual([])
    first.resolve('a')
    await Promise.all(runs)
    expect(order).toEqual(['a', 'b', 'c'])
  })

  test('who finds the line full is told at once and nothing is run for him', async () => {
    const line = slots(1, 1)
    const first = held()
    const running = line.run(() => first.promise)
    const waiting = line.run(async () => 'second')
    let ran = false
    expect(
      await line.run(async () => {
        ran = true
        return 'third'
      }),
    ).toBeUndefined()
    expect(ran).toBe(false)
    first.resolve('first')
    expect(await running).toBe('first')
    expect(await waiting).toBe('second')
  })

  test('work that throws gives its place back', async () => {
    const line = slots(1, 0)
    await expect(line.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await line.run(async () => 'next')).toBe('next')
  })
})
