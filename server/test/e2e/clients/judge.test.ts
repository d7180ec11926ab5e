import { describe, expect, test } from 'bun:test'
import type { Call } from '../../mock-upstream/call.ts'
import type { Fault } from './faults.ts'
import { judgeFault } from './judge.ts'
import { WORD } from './run-agent.ts'
import { FINAL, type Seen } from './run-case.ts'

const call = { body: Buffer.from(WORD), rawHead: '' } as unknown as Call
const attempt = { status_code: 200, message: '' }
const outcome = { well: true, finalText: FINAL, complaints: [] }
const noFault = (shows: Fault['shows']): Fault => ({ name: 'any', shows, behaviours: () => [] })

/** The first channel dies at the final text, the second answers it. */
const survived: Seen = {
  outcome,
  first: [call, call],
  second: [call],
  toolRuns: 1,
  attempts: [attempt, attempt, attempt],
  wanted: [],
}

describe('a fault before content', () => {
  test('is survived when nobody saw anything of it', () => {
    expect(judgeFault(survived, noFault('nothing'), 2)).toEqual([])
  })

  const failed: readonly (readonly [string, Partial<Seen>])[] = [
    ['an error', { outcome: { ...outcome, complaints: ['retry: overloaded'] } }],
    ['a failed client', { outcome: { ...outcome, well: false } }],
    ['half an answer', { outcome: { ...outcome, finalText: FINAL.slice(0, 20) } }],
    ['a tool that ran twice', { toolRuns: 2 }],
    [
      'a third call of the dying channel',
      { first: [call, call, call], attempts: [attempt, attempt, attempt, attempt] },
    ],
    ['a second channel asked twice', { second: [call, call], attempts: [attempt, attempt, attempt, attempt] }],
    ['an attempt that is not in the log', { attempts: [attempt, attempt] }],
  ]
  test.each(failed)('is not survived with %s', (_, seen) => {
    expect(judgeFault({ ...survived, ...seen }, noFault('nothing'), 2)).not.toEqual([])
  })

  test('may be tried once more on a connection that had been used', () => {
    const again: Fault = { ...noFault('nothing'), isAskedAgain: true }
    expect(judgeFault({ ...survived, first: [call, call, call] }, again, 2)).toEqual([])
    expect(judgeFault(survived, again, 2)).not.toEqual([])
  })
})

describe('a fault after content', () => {
  const complained = { ...outcome, complaints: ['1 failed requests'] }

  test('is survived by a client that says so and asks again', () => {
    expect(judgeFault({ ...survived, outcome: complained }, noFault('something'), 2)).toEqual([])
  })

  test('is survived by a client that ends with an error', () => {
    const ended = { well: false, finalText: '', complaints: ['terminated'] }
    const seen = { ...survived, outcome: ended, second: [], attempts: [attempt, attempt] }
    expect(judgeFault(seen, noFault('something'), 2)).toEqual([])
  })

  const taken: readonly (readonly [string, Partial<Seen>])[] = [
    ['takes half an answer for a whole one', { outcome: { ...complained, finalText: 'The first channel s' } }],
    ['fails without a word', { outcome: { well: false, finalText: '', complaints: [] } }],
    ['is well without having asked again', { second: [], attempts: [attempt, attempt] }],
  ]
  test.each(taken)('is not survived by a client that %s', (_, seen) => {
    expect(judgeFault({ ...survived, ...seen }, noFault('something'), 2)).not.toEqual([])
  })
})
