import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { answerAsPeer, type Order } from './contract-peer.ts'
import { type Child, startChild } from './ipc.ts'
import { linkContract } from './link.contract.ts'
import { memoryLink } from './memory.ts'

const LATE_CHILD = join(import.meta.dir, '../../test/drills/late-child.ts')
const CHILD = [process.execPath, join(import.meta.dir, '../../test/drills/link-child.ts')]

linkContract('memory', async () => {
  const [near, far] = memoryLink<Order, unknown>()
  answerAsPeer(far)
  return { near, dispose: async () => near.close() }
})

linkContract('ipc', async () => {
  const child = await readyChild()
  return {
    near: child.link,
    async dispose() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
})

describe('ipc: a child that dies', () => {
  test('killed: we are told, sending is false and never throws, the exit code names the signal', async () => {
    const child = await readyChild()
    let closings = 0
    child.link.onClose(() => closings++)
    child.kill('SIGKILL')
    for (let at = 0; at < 100; at++) child.link.send({ do: 'echo', value: at }) // into its death
    expect(await child.exited).toBe(137)
    await Bun.sleep(20)
    expect(child.link.send({ do: 'echo', value: 1 })).toBe(false)
    expect(closings).toBe(1)
  })

  test('what it said before it was killed arrives', async () => {
    const child = await readyChild()
    const got: unknown[] = []
    const first = Promise.withResolvers<void>()
    child.link.onMessage((message) => {
      got.push(message)
      first.resolve()
    })
    child.link.send({ do: 'count', n: 1_000 })
    await first.promise
    child.kill('SIGKILL')
    await child.exited
    await Bun.sleep(20)
    expect(got).toEqual(got.map((_, at) => at)) // a beginning without a hole
  })

  test('busy at its start: what it is told before it listens is not lost', async () => {
    const child = startChild<Order, unknown>([process.execPath, LATE_CHILD], { PATH: process.env['PATH'] ?? '' })
    const got: unknown[] = []
    const answered = Promise.withResolvers<void>()
    child.link.onMessage((message) => {
      got.push(message)
      if (message === 'hello') child.link.send({ do: 'count', n: 3 })
      if (message === 2) answered.resolve()
    })
    await answered.promise
    expect(got).toEqual(['hello', 0, 1, 2])
    child.link.close()
    expect(await child.exited).toBe(0)
  })

  test('busy at its start: when we close meanwhile it is told, late, and does not wait for ever', async () => {
    const child = startChild<Order, unknown>([process.execPath, LATE_CHILD], { PATH: process.env['PATH'] ?? '' })
    const hello = Promise.withResolvers<void>()
    child.link.onMessage(() => hello.resolve())
    await hello.promise
    child.link.close()
    expect(await child.exited).toBe(0)
  })

  test('stopped: sending to it neither blocks nor throws', async () => {
    const child = await readyChild()
    child.kill('SIGSTOP')
    const startedMs = performance.now()
    for (let at = 0; at < 1_000; at++) child.link.send({ do: 'echo', value: 'x'.repeat(1_000) })
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    child.kill('SIGKILL')
    await child.exited
  })

  test('a command that does not exist is an error, not a process that hangs', () => {
    expect(() => startChild(['/nowhere/at-all'], {})).toThrow()
  })
})

/** A child that has answered once, so that what follows measures the line and not its start. */
async function readyChild(): Promise<Child<Order, unknown>> {
  const child = startChild<Order, unknown>(CHILD, { PATH: process.env['PATH'] ?? '' })
  const up = Promise.withResolvers<void>()
  child.link.onMessage(() => up.resolve())
  child.link.send({ do: 'echo', value: 'up' })
  await up.promise
  return child
}
