import { expect, test } from 'bun:test'
import { QuietSecond } from './quiet-second.ts'

/** As many attempts in each second; @returns the seconds after which the work was done. */
function secondsOf(attempts: readonly number[], wantedAt: number): readonly number[] {
  const done: number[] = []
  let second = 0
  const quiet = new QuietSecond(() => done.push(second))
  for (const ended of attempts) {
    if (second === wantedAt) quiet.want()
    second++
    quiet.note(ended)
    quiet.tick()
  }
  return done
}

const idle = (seconds: number): number[] => Array<number>(seconds).fill(0)
const busy = (seconds: number): number[] => Array<number>(seconds).fill(20)

test('work that nobody wants is never done', () => {
  expect(secondsOf(idle(100), -1)).toEqual([])
})

test('an idle program does it ten seconds after it was wanted, and only once', () => {
  expect(secondsOf(idle(100), 3)).toEqual([13])
})

test('a busy one never does it', () => {
  expect(secondsOf(busy(1_000), 0)).toEqual([])
})

test('a busy one that becomes quiet does it at the next look', () => {
  expect(secondsOf([...busy(25), ...idle(100)], 0)).toEqual([30])
})

test('of ten seconds the last counts: quiet ones between two looks change nothing', () => {
  expect(secondsOf([...idle(9), ...busy(1), ...idle(9), ...busy(1)], 0)).toEqual([])
})

test('attempts of one second are counted over all batches: nineteen are few, twenty are many', () => {
  const done: string[] = []
  const quiet = new QuietSecond(() => done.push('done'))
  quiet.want()
  for (let second = 1; second < 10; second++) quiet.tick()
  for (let batch = 0; batch < 4; batch++) quiet.note(5)
  quiet.tick()
  expect(done).toEqual([])
  for (let second = 1; second < 10; second++) quiet.tick()
  quiet.note(19)
  quiet.tick()
  expect(done).toEqual(['done'])
})
