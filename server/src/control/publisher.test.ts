import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import type { Snapshot } from '../core/snapshot.ts'
import { applyUpdate, type Down, type SnapshotUpdate } from '../link/messages.ts'
import { type ProxyEnd, publisher } from './publisher.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => jest.useRealTimers())

const EMPTY: Snapshot = { version: 0, channels: new Map(), tokens: new Map(), settings: {} }
const NOTHING = { channels: [], removedChannelIds: [], tokens: [], removedTokenHashes: [], settings: { x: 1 } }

function open() {
  return publisher(() => NOTHING)
}

/** A proxy that takes over what it is told when the test says so. */
function proxy(row: number, isOpen = true) {
  const updates: SnapshotUpdate[] = []
  const end: ProxyEnd = {
    row,
    appliedVersion: 0,
    link: {
      send(message: Down) {
        if (isOpen && message.t === 'update') updates.push(message.update)
        return isOpen
      },
      onMessage() {},
      onClose() {},
      close() {},
    },
  }
  return { end, updates }
}

const tick = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

async function stateOf(publish: Promise<readonly number[]>): Promise<readonly number[] | 'waiting'> {
  let state: readonly number[] | 'waiting' = 'waiting'
  void publish.then((lagging) => {
    state = lagging
  })
  await tick()
  return state
}

describe('a change', () => {
  test('is answered when every proxy has taken it over, and not before', async () => {
    const one = proxy(1)
    const two = proxy(2)
    const publish = open()
    publish.join(one.end)
    publish.join(two.end)
    const change = publish.publish({ settings: { x: 2 } })
    expect(await stateOf(change)).toBe('waiting')
    publish.applied(one.end, 2)
    expect(await stateOf(change)).toBe('waiting')
    publish.applied(two.end, 2)
    expect(await stateOf(change)).toEqual([])
    expect(jest.getTimerCount()).toBe(0)
  })

  test('without any proxy is answered at once', async () => {
    expect(await stateOf(open().publish({}))).toEqual([])
  })

  test('names after a second who has not taken it over', async () => {
    const one = proxy(1)
    const two = proxy(2)
    const publish = open()
    publish.join(one.end)
    publish.join(two.end)
    const change = publish.publish({})
    publish.applied(one.end, 2)
    jest.advanceTimersByTime(999)
    expect(await stateOf(change)).toBe('waiting')
    jest.advanceTimersByTime(1)
    expect(await stateOf(change)).toEqual([2])
  })

  test('does not wait for who dies meanwhile', async () => {
    const one = proxy(1)
    const publish = open()
    publish.join(one.end)
    const change = publish.publish({})
    publish.leave(one.end)
    expect(await stateOf(change)).toEqual([])
  })

  test('waits for who comes meanwhile: it has the change in its first snapshot, but must say so', async () => {
    const one = proxy(1)
    const publish = open()
    publish.join(one.end)
    const change = publish.publish({})
    const late = proxy(2)
    publish.join(late.end)
    publish.applied(one.end, 2)
    expect(await stateOf(change)).toBe('waiting')
    expect(late.updates).toMatchObject([{ version: 2, whole: true }])
    publish.applied(late.end, 2)
    expect(await stateOf(change)).toEqual([])
  })

  test('that has been overtaken by a newer one is in force with it', async () => {
    const one = proxy(1)
    const publish = open()
    publish.join(one.end)
    const changes = [publish.publish({}), publish.publish({}), publish.publish({})]
    publish.applied(one.end, 4)
    expect(await Promise.all(changes.map(stateOf))).toEqual([[], [], []])
  })

  test('to a proxy whose line is closed is not waited for longer than the second', async () => {
    const dead = proxy(3, false)
    const publish = open()
    publish.join(dead.end)
    const change = publish.publish({})
    jest.advanceTimersByTime(1_000)
    expect(await stateOf(change)).toEqual([3])
  })
})

describe('a proxy', () => {
  test('is told everything when it comes, then only what changed, each one version on', () => {
    const one = proxy(1)
    const publish = open()
    publish.join(one.end)
    void publish.publish({ removedChannelIds: [5] })
    expect(one.updates.map(({ version, whole }) => [version, whole])).toEqual([
      [1, true],
      [2, false],
    ])
    expect(one.updates[1]).toMatchObject({ channels: [], removedChannelIds: [5], settings: undefined })
    expect(
      one.updates.reduce<Snapshot | undefined>((now, update) => now && applyUpdate(now, update), EMPTY)?.version,
    ).toBe(2)
  })

  test('that has missed one is told everything again, and then goes on', () => {
    const one = proxy(1)
    const publish = open()
    publish.join(one.end)
    void publish.publish({})
    void publish.publish({})
    const [first, , third] = one.updates
    const before = first && applyUpdate(EMPTY, first)
    expect(before && third && applyUpdate(before, third)).toBeUndefined() // a hole
    publish.resync(one.end)
    const again = one.updates.at(-1)
    expect(again).toMatchObject({ version: 3, whole: true })
    expect(before && again && applyUpdate(before, again)?.version).toBe(3)
  })
})
