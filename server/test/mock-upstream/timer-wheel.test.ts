import { expect, test } from 'bun:test'
import { TimerWheel } from './timer-wheel.ts'

test('tasks fire in order, none early, also after more than one turn of the ring', async () => {
  const wheel = new TimerWheel(1, 8)
  const startedAtMs = performance.now()
  const delaysMs = [30, 3, 17, 0, 8]
  const fired: { readonly delayMs: number; readonly afterMs: number }[] = []
  await new Promise<void>((resolve) => {
    for (const delayMs of delaysMs) {
      const fire = () => {
        fired.push({ delayMs, afterMs: performance.now() - startedAtMs })
        if (fired.length === delaysMs.length) resolve()
      }
      wheel.add({ fire }, delayMs)
    }
  })
  expect(fired.map((task) => task.delayMs)).toEqual([0, 3, 8, 17, 30])
  for (const task of fired) expect(task.afterMs).toBeWithin(task.delayMs, task.delayMs + 500)
})

test('a task may add itself again, and nothing fires once the wheel is stopped', async () => {
  const wheel = new TimerWheel(1, 8)
  let count = 0
  await new Promise<void>((resolve) => {
    const task = {
      fire: () => {
        count++
        wheel.add(task, 1)
        if (count === 5) resolve()
      },
    }
    wheel.add(task, 1)
  })
  wheel.stop()
  await Bun.sleep(10)
  expect(count).toBe(5)
})
