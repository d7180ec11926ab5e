import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import type { Down, Up } from '../link/messages.ts'
import { type Worker, Workers } from './workers.ts'

let nowMs = 0
beforeEach(() => {
  jest.useFakeTimers()
  nowMs = 0
})
afterEach(() => jest.useRealTimers())

type Fake = {
  readonly row: number
  readonly sent: Down[]
  readonly kills: string[]
  say(message: Up): void
  exit(code: number): Promise<void>
}

async function tick(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

function pass(ms: number, fakes: readonly Fake[] = [], silent?: Fake): void {
  for (let left = ms; left > 0; left -= 250) {
    nowMs += 250
    for (const one of fakes) if (one !== silent) one.say({ t: 'alive' } as Up)
    jest.advanceTimersByTime(250)
  }
}

function open(count: number) {
  const started: Fake[] = []
  const gone: number[] = []
  const heard: string[] = []
  const log: string[] = []
  const pool = new Workers({
    count,
    start(row) {
      const exited = Promise.withResolvers<number>()
      let listener: (message: Up) => void = () => {}
      const fake: Fake = {
        row,
        sent: [],
        kills: [],
        say: (message) => listener(message),
        async exit(code) {
          exited.resolve(code)
          await tick()
        },
      }
      started.push(fake)
      return {
        pid: 1_000 + started.length,
        exited: exited.promise,
        kill(signal) {
          fake.kills.push(signal)
          exited.resolve(137)
        },
        link: {
          send: (message) => fake.sent.push(message) > 0,
          onMessage(given) {
            listener = given
          },
          onClose() {},
          close() {},
        },
      }
    },
    clock: { nowMs: () => nowMs, monoMs: () => nowMs },
    log: { write: (_level, event) => void log.push(event) },
    onMessage: (_worker: Worker, message) => void heard.push(message.t),
    onGone: (worker) => void gone.push(worker.row),
  })
  return { pool, started, gone, heard, log }
}

const LISTENING: Up = { t: 'listening', port: 1 }

describe('the start', () => {
  test('is over when all listen', async () => {
    const { pool, started } = open(2)
    let isReady = false
    void pool.ready.then(() => {
      isReady = true
    })
    started[0]?.say(LISTENING)
    await tick()
    expect(isReady).toBe(false)
    started[1]?.say(LISTENING)
    await tick()
    expect(isReady).toBe(true)
  })

  test('fails with the words of the first that could not listen', async () => {
    const { pool, started } = open(2)
    started[1]?.say({ t: 'failed', why: 'port 80 is taken' })
    expect(await pool.ready.catch((error: Error) => error.message)).toBe('port 80 is taken')
  })
})

describe('a proxy that dies', () => {
  test('is replaced at once, and what it held is given back before its row is used again', async () => {
    const { started, gone, pool } = open(2)
    for (const one of started) one.say(LISTENING)
    await started[0]?.exit(139)
    expect(gone).toEqual([1])
    pass(0)
    jest.advanceTimersByTime(1)
    expect(started.map((one) => one.row)).toEqual([1, 2, 1])
    expect(pool.list().length).toBe(2)
  })

  test('again and again, before it ever listens, is started ever more slowly, and never given up', async () => {
    const { started } = open(1)
    const startsAfter = async (ms: number): Promise<number> => {
      const before = started.length
      for (let left = ms; left > 0; left -= 50) {
        nowMs += 50
        jest.advanceTimersByTime(50)
        await tick()
        const last = started.at(-1)
        if (started.length > before && last) await last.exit(1)
      }
      return started.length - before
    }
    await started[0]?.exit(1)
    const first = await startsAfter(5_000)
    const later = await startsAfter(60_000)
    expect(first).toBeLessThan(8)
    expect(later).toBeWithin(4, 12)
  })

  test('two at once get two rows', async () => {
    const { started, pool } = open(3)
    for (const one of started) one.say(LISTENING)
    await Promise.all([started[0]?.exit(1), started[2]?.exit(1)])
    jest.advanceTimersByTime(1_000)
    expect(
      pool
        .list()
        .map((worker) => worker.row)
        .toSorted(),
    ).toEqual([1, 2, 3])
  })
})

describe('a proxy that is silent', () => {
  test('for five seconds is ended and replaced; one that speaks is not', async () => {
    const { started } = open(2)
    for (const one of started) one.say(LISTENING)
    const [, silent] = started
    pass(4_000, started, silent)
    expect(silent?.kills).toEqual([])
    pass(3_000, started, silent)
    await tick()
    expect([silent?.kills, started[0]?.kills]).toEqual([['SIGKILL'], []])
  })

  test('is not blamed for the sleep of the machine or of control itself', () => {
    const { started } = open(1)
    started[0]?.say(LISTENING)
    nowMs += 3_600_000 // the lid was closed
    jest.advanceTimersByTime(1_000)
    expect(started[0]?.kills).toEqual([])
  })
})

describe('a proxy that is replaced', () => {
  test('gives way to another under a row of its own, and its end starts no third', async () => {
    const { pool, started, gone } = open(1)
    started[0]?.say(LISTENING)
    pool.replace(1, 'it did not take over a change')
    pool.replace(1, 'asked twice')
    await tick()
    jest.advanceTimersByTime(20_000)
    expect(started.map((one) => one.row)).toEqual([1, 2])
    expect([started[0]?.kills, gone]).toEqual([['SIGKILL'], [1]])
  })

  test('that is not there is no error', () => {
    const { pool, started } = open(1)
    pool.replace(42, 'nobody')
    expect(started.length).toBe(1)
  })
})

describe('the end', () => {
  test('asks all to drain, waits for them, starts nobody anew', async () => {
    const { pool, started } = open(2)
    for (const one of started) one.say(LISTENING)
    let isOver = false
    void pool.drain(10_000).then(() => {
      isOver = true
    })
    expect(started.map((one) => one.sent.at(-1))).toEqual([
      { t: 'drain', graceMs: 10_000 },
      { t: 'drain', graceMs: 10_000 },
    ])
    await started[0]?.exit(0)
    await tick()
    expect(isOver).toBe(false)
    await started[1]?.exit(0)
    expect([isOver, started.length]).toEqual([true, 2])
  })

  test('ends who does not, some time after the grace', async () => {
    const { pool, started } = open(1)
    started[0]?.say(LISTENING)
    void pool.drain(10_000)
    jest.advanceTimersByTime(10_000)
    expect(started[0]?.kills).toEqual([])
    jest.advanceTimersByTime(5_001)
    expect(started[0]?.kills).toEqual(['SIGKILL'])
  })

  test('in a hurry ends all at once, and the waiting is over', async () => {
    const { pool, started } = open(2)
    const drained = pool.drain(600_000)
    pool.kill()
    await drained
    expect(started.map((one) => one.kills)).toEqual([['SIGKILL'], ['SIGKILL']])
  })

  test('that comes while a dead one was to be replaced starts nobody', async () => {
    const { pool, started } = open(1)
    await started[0]?.exit(1)
    await pool.drain(1_000)
    jest.advanceTimersByTime(60_000)
    expect(started.length).toBe(1)
  })
})
