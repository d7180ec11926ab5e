import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogRow } from '../ports/attempt-log.ts'
import { dropAbandoned, readAbandoned, runningFile } from './running-file.ts'

const NAME = 'proxy-77-1790000000000'
const row = (attemptId: string, message = ''): LogRow => ({ attemptId, message }) as LogRow

let dir = ''
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'running-')), 'x.db.spool')
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }))

type Look = { readonly alive?: readonly number[]; readonly settledMs?: number; readonly laterMs?: number }
const look = ({ alive = [], settledMs = 0, laterMs = 0 }: Look = {}) =>
  readAbandoned(dir, { nowMs: Date.now() + laterMs, settledMs, isAlive: (pid) => alive.includes(pid) })
const ids = (how?: Look): string[] => look(how).flatMap(({ rows }) => rows.map(({ attemptId }) => attemptId))

describe('what a killed process had running', () => {
  test('is what it wrote last, however often it wrote', () => {
    const file = runningFile(dir, NAME)
    for (let turn = 0; turn < 7; turn++) file.write([row(`a${turn}`, 'x'.repeat(100 - turn)), row('b', '\n"\u2028 中')])
    expect(ids()).toEqual(['a6', 'b'])
  })

  test('of several processes is told apart', () => {
    runningFile(dir, NAME).write([row('a')])
    runningFile(dir, 'proxy-78-1790000000000').write([row('b')])
    expect(ids().sort()).toEqual(['a', 'b'])
    expect(ids({ alive: [78] })).toEqual(['a'])
  })

  test.each([0, 10, 64, 70, 90])(
    'is what it wrote before, when the kill came in the middle of writing (%i bytes)',
    (bytes) => {
      const file = runningFile(dir, NAME)
      file.write([row('older')])
      file.write([row('younger')])
      truncateSync(join(dir, `${NAME}.0.running`), bytes) // the second write went there
      expect(ids()).toEqual(['older'])
    },
  )

  test('is the older write when the younger one is a mixture of two', () => {
    const file = runningFile(dir, NAME)
    for (const id of ['one', 'two', 'three']) file.write([row(id)])
    const path = join(dir, `${NAME}.1.running`)
    writeFileSync(path, readFileSync(path, 'latin1').replace('three', 'thrEE'), 'latin1')
    expect(ids()).toEqual(['two'])
  })

  test('is nothing when nothing of it can be read', () => {
    runningFile(dir, NAME).write([row('a')])
    for (const file of readdirSync(dir)) writeFileSync(join(dir, file), 'garbage')
    expect(ids()).toEqual([])
    for (const one of look()) dropAbandoned(one)
    expect(readdirSync(dir)).toEqual([])
  })

  test('is nothing when it had ended, and no file is left of it', () => {
    const file = runningFile(dir, NAME)
    file.write([row('a')])
    file.write([])
    expect(readdirSync(dir)).toEqual([])
    file.write([])
    file.write([row('b')])
    expect(ids()).toEqual(['b'])
  })
})

test.skipIf(process.platform !== 'linux')(
  'a disk that refuses the second file again and again costs no more than one open file',
  () => {
    mkdirSync(dir, { recursive: true })
    mkdirSync(join(dir, `${NAME}.1.running`)) // cannot be opened
    const file = runningFile(dir, NAME)
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let turn = 0; turn < 20; turn++) expect(() => file.write([row('a')])).toThrow()
    expect(open() - before).toBeLessThanOrEqual(1)
    rmSync(join(dir, `${NAME}.1.running`), { recursive: true })
    file.write([row('b')])
    expect(ids()).toEqual(['b'])
    file.write([])
    expect(open()).toBe(before)
  },
)

describe('a process that lives', () => {
  test('is left alone', () => {
    runningFile(dir, NAME).write([row('a')])
    expect(look({ alive: [77] })).toEqual([])
  })

  test('under the number of one that was killed long ago does not hide it', () => {
    runningFile(dir, NAME).write([row('a')])
    expect(ids({ alive: [77], laterMs: 4_000 })).toEqual([])
    expect(ids({ alive: [77], laterMs: 6_000 })).toEqual(['a'])
  })

  test('a moment ago is given time for its last words', () => {
    runningFile(dir, NAME).write([row('a')])
    expect(ids({ settledMs: 2_000 })).toEqual([])
    expect(ids({ settledMs: 2_000, laterMs: 2_500 })).toEqual(['a'])
  })
})

test('what is no file of ours is not touched, and no folder is no news', () => {
  expect(look()).toEqual([])
  runningFile(dir, NAME).write([row('a')])
  writeFileSync(join(dir, 'proxy-77-1.endings.jsonl'), '')
  writeFileSync(join(dir, 'notes.running'), '')
  for (const one of look()) dropAbandoned(one)
  expect(readdirSync(dir).sort()).toEqual(['notes.running', 'proxy-77-1.endings.jsonl'])
  expect(look()).toEqual([])
})

test('a file of the future, as after a clock was set back, waits while we run and is taken by the next start', () => {
  runningFile(dir, NAME).write([row('a')])
  const future = Date.now() / 1000 + 100
  for (const file of readdirSync(dir)) utimesSync(join(dir, file), future, future)
  expect(ids({ settledMs: 2_000 })).toEqual([])
  expect(ids()).toEqual(['a'])
})
