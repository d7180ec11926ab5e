import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spool } from '../link/spool.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import { spoolTaker } from './spool-taker.ts'

const NOBODY = 4_194_304 // beyond the greatest process id there is
const row = (attemptId: string, statusCode = 200): LogRow => ({ attemptId, statusCode }) as LogRow

let dir = ''
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'taker-')), 'x.db.spool')
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }))

/** A ledger that stores what it has taken when it is flushed, like the true one, each attempt once. */
function desk() {
  const state = {
    waiting: [] as LogRow[],
    stored: new Map<string, number>(),
    taken: [] as string[],
    trouble: '',
    told: 0,
  }
  const take = spoolTaker({
    spoolDir: dir,
    ledger: {
      async flush() {
        if (state.trouble !== '') return
        for (const { attemptId, statusCode } of state.waiting.splice(0))
          if (!state.stored.has(attemptId)) state.stored.set(attemptId, statusCode)
      },
      trouble: () => state.trouble,
    },
    logs: { known: async (ids) => ids.filter((id) => state.stored.has(id)) },
    take(rows) {
      state.taken.push(...rows.map(({ attemptId }) => attemptId))
      state.waiting.push(...rows)
    },
    taken() {
      state.told++
    },
    nowMs: Date.now,
    log: { write: () => {} },
  })
  return { state, take, files: () => readdirSync(dir) }
}

test('what a killed process had running is closed, but for what it said itself how it ended', async () => {
  const { state, take, files } = desk()
  const dead = spool(dir, `proxy-${NOBODY}-1`)
  dead.running([row('ended', 599), row('cut', 599)])
  dead.write([row('ended')])
  await take()
  expect([...state.stored]).toEqual([
    ['ended', 200],
    ['cut', 599],
  ])
  expect(state.taken).toEqual(['ended', 'cut'])
  expect(files()).toEqual([])
})

test('what is on its way to the database is not taken, and charged, a second time', async () => {
  const { state, take } = desk()
  state.waiting.push(row('sent'))
  spool(dir, `proxy-${NOBODY}-1`).write([row('sent'), row('only here')])
  await take()
  expect(state.taken).toEqual(['only here'])
})

test('what was taken in is told once all of it is stored; when nothing was new there is nothing to tell', async () => {
  const { state, take } = desk()
  state.waiting.push(row('known'))
  const dead = spool(dir, `proxy-${NOBODY}-1`)
  dead.write([row('known')])
  await take()
  expect(state.told).toBe(0)
  dead.write([row('a')])
  dead.write([row('b')])
  await take()
  await take()
  expect([state.taken.toSorted(), state.told]).toEqual([['a', 'b'], 1])
})

test('while the database is away everything stays where it is, and is taken once when it is back', async () => {
  const { state, take, files } = desk()
  const dead = spool(dir, `proxy-${NOBODY}-1`)
  dead.running([row('cut', 599)])
  dead.write([row('ended')])
  state.trouble = 'full'
  for (let look = 0; look < 3; look++) await take()
  expect([state.taken, files().length]).toEqual([[], 3])
  state.trouble = ''
  expect(state.told).toBe(0)
  await take()
  expect([[...state.stored.keys()], state.told]).toEqual([['ended'], 1])
  expect(files().length).toBe(2) // what ran is too young for a second look: its last words may still come
})

test('what a living process has running is its own', async () => {
  const { state, take, files } = desk()
  spool(dir, `proxy-${process.pid}-1`).running([row('runs', 599)])
  await take()
  expect([state.taken, files().length]).toEqual([[], 2])
})
