import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import { startRollupUpkeep } from './rollup-upkeep.ts'

let stop = (): void => {}
beforeEach(() => void jest.useFakeTimers())
afterEach(() => {
  stop()
  jest.useRealTimers()
})

function start(parts: { slices?: number; failures?: number }) {
  const state = {
    history: parts.slices ?? 0,
    failures: parts.failures ?? 0,
    done: [] as string[],
    lines: [] as string[],
  }
  stop = startRollupUpkeep({
    statistics: {
      async buildHistory() {
        state.done.push('history')
        return state.history-- > 0
      },
      async compactRollups(nowMs, zone) {
        if (state.failures-- > 0) throw new Error('busy')
        state.done.push(`fold ${nowMs} ${zone}`)
        return false
      },
    },
    log: { write: (level, event) => void state.lines.push(`${level} ${event}`) },
    nowMs: () => 5,
    zone: () => 'UTC',
  })
  return state
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 25) {
    jest.advanceTimersByTime(25)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
}

test('earlier rows come first, in slices, then what is due', async () => {
  const state = start({ slices: 3 })
  await pass(3_000)
  expect(state.done).toEqual(['history', 'history', 'history', 'history', 'fold 5 UTC'])
})

test('it goes on for ever, also after a failure, and ends when it is stopped', async () => {
  const state = start({ failures: 1 })
  await pass(3_000)
  expect(state.lines).toEqual(['warn statistics could not be brought up to date'])
  await pass(65_000)
  expect(state.done.filter((what) => what.startsWith('fold'))).toHaveLength(2)
  stop()
  await pass(120_000)
  expect(state.done.filter((what) => what.startsWith('fold'))).toHaveLength(2)
})
