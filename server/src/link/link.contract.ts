import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { LinkEnd } from '../ports/link.ts'
import type { Order } from './contract-peer.ts'

/** A line whose far end obeys (`answerAsPeer`); `dispose` ends whatever is behind it. */
export type OpenLine = { readonly near: LinkEnd<Order, unknown>; readonly dispose: () => Promise<void> }

const MANY = 10_000
const BIG_CHARS = 5_000_000
const QUIET_MS = 50

/** Every line between control and a proxy must pass this, whatever it is made of. */
export function linkContract(name: string, open: () => Promise<OpenLine>): void {
  describe(`${name}: LinkEnd`, () => {
    let line: OpenLine
    beforeEach(async () => {
      line = await open()
    })
    afterEach(() => line.dispose())

    test('messages arrive in order, none missing, none twice', async () => {
      const got = listen(line.near)
      line.near.send({ do: 'count', n: MANY })
      await got.until(() => got.messages.length >= MANY)
      await Bun.sleep(QUIET_MS)
      expect(got.messages).toEqual(Array.from({ length: MANY }, (_, at) => at))
    })

    test('a message of megabytes arrives whole, and those behind it after it', async () => {
      const got = listen(line.near)
      const value = 'ü"\\\n'.repeat(BIG_CHARS / 4)
      line.near.send({ do: 'echo', value })
      line.near.send({ do: 'echo', value: 'behind' })
      await got.until(() => got.messages.length >= 2)
      expect(got.messages[0] === value).toBe(true)
      expect(got.messages[1]).toBe('behind')
    })

    test('what the sender changes after sending is not seen at the other end', async () => {
      const got = listen(line.near)
      const value = { list: [1], deep: { text: 'before' } }
      line.near.send({ do: 'echo', value })
      value.list.push(2)
      value.deep.text = 'after'
      await got.until(() => got.messages.length >= 1)
      expect(got.messages).toEqual([{ list: [1], deep: { text: 'before' } }])
    })

    test('what JSON cannot carry does not cross, so that nothing works in one process only', async () => {
      const got = listen(line.near)
      line.near.send({
        do: 'echo',
        value: { gone: undefined, unknown: Number.NaN, when: new Date(0), map: new Map([[1, 2]]) },
      })
      await got.until(() => got.messages.length >= 1)
      expect(Object.keys(got.messages[0] as object)).toEqual(['unknown', 'when', 'map'])
      expect(got.messages).toEqual([{ unknown: null, when: '1970-01-01T00:00:00.000Z', map: {} }])
    })

    test('nothing arrives inside `send`: a listener never runs in the middle of its sender', async () => {
      const got = listen(line.near)
      line.near.send({ do: 'echo', value: 1 })
      expect(got.messages).toEqual([])
      await got.until(() => got.messages.length >= 1)
    })

    test('a listener may answer from inside', async () => {
      const got: unknown[] = []
      const done = Promise.withResolvers<void>()
      line.near.onMessage((message) => {
        got.push(message)
        if (Number(message) < 5) line.near.send({ do: 'echo', value: Number(message) + 1 })
        else done.resolve()
      })
      line.near.send({ do: 'echo', value: 0 })
      await done.promise
      expect(got).toEqual([0, 1, 2, 3, 4, 5])
    })

    test('when the other end closes it is told once, and sending is false from then on', async () => {
      const closed = closings(line.near)
      line.near.send({ do: 'close' })
      await closed.first
      expect(line.near.send({ do: 'echo', value: 1 })).toBe(false)
      line.near.close()
      await Bun.sleep(QUIET_MS)
      expect(closed.count()).toBe(1)
    })

    test('what was sent before the other end closed still arrives', async () => {
      const got = listen(line.near)
      const closed = closings(line.near)
      line.near.send({ do: 'count-and-close', n: 100 })
      await closed.first
      await Bun.sleep(QUIET_MS)
      expect(got.messages.length).toBe(100)
    })

    test('after our own close nothing is sent, nothing arrives, and a second close changes nothing', async () => {
      const got = listen(line.near)
      const closed = closings(line.near)
      line.near.send({ do: 'count', n: 10 })
      line.near.close()
      line.near.close()
      expect(line.near.send({ do: 'echo', value: 1 })).toBe(false)
      await closed.first
      await Bun.sleep(QUIET_MS)
      expect(got.messages).toEqual([])
      expect(closed.count()).toBe(1)
    })
  })
}

function listen(link: LinkEnd<Order, unknown>): { messages: unknown[]; until(isSo: () => boolean): Promise<void> } {
  const messages: unknown[] = []
  let look = (): void => {}
  link.onMessage((message) => {
    messages.push(message)
    look()
  })
  return {
    messages,
    until: (isSo) =>
      new Promise((resolve) => {
        look = () => isSo() && resolve()
        look()
      }),
  }
}

function closings(link: LinkEnd<Order, unknown>): { first: Promise<void>; count(): number } {
  const first = Promise.withResolvers<void>()
  let count = 0
  link.onClose(() => {
    count++
    first.resolve()
  })
  return { first: first.promise, count: () => count }
}
