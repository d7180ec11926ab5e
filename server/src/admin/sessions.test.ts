import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { Secret } from '../core/secret.ts'
import { StoreError } from '../ports/store.ts'
import { type FakeState, fakeControl, fakeState } from './fake-control.ts'
import { sessionKey } from './password.ts'
import { sessions } from './sessions.ts'

const DAY_MS = 86_400_000

function world(state: FakeState = fakeState(() => 0), password = 'secret') {
  const time = { nowMs: Date.UTC(2026, 0, 22) }
  const store = fakeControl(state).sessions
  return { state, time, open: sessions({ store, key: sessionKey(new Secret(password)), nowMs: () => time.nowMs }) }
}

describe('admin sessions', () => {
  test('a session lasts exactly a day and is not renewed by use', async () => {
    const { open, time } = world()
    const token = await open.open()
    expect(await open.isOpen(token)).toBe(true)
    time.nowMs += DAY_MS - 1
    expect(await open.isOpen(token)).toBe(true)
    time.nowMs += 1
    expect(await open.isOpen(token)).toBe(false)
  })

  test('a login survives a restart', async () => {
    const before = world()
    const token = await before.open.open()
    expect(await world(before.state).open.isOpen(token)).toBe(true)
  })

  test('a new password ends the sessions that the old one opened', async () => {
    const before = world()
    const token = await before.open.open()
    expect(await world(before.state, 'another').open.isOpen(token)).toBe(false)
  })

  test('what stands in the database opens nothing', async () => {
    const { open, state } = world()
    await open.open()
    for (const hash of state.sessions.keys()) expect(await open.isOpen(hash)).toBe(false)
  })

  test('a row that somebody wrote with a plain hash opens nothing', async () => {
    const { open, state } = world()
    const token = 'a'.repeat(64)
    state.sessions.set(createHash('sha256').update(token).digest('hex'), 4e9)
    expect(await open.isOpen(token)).toBe(false)
  })

  test('a logout ends one session, here and after a restart, and leaves the others', async () => {
    const { open, state } = world()
    const mine = await open.open()
    const other = await open.open()
    await open.close(mine)
    expect([await open.isOpen(mine), await open.isOpen(other)]).toEqual([false, true])
    expect(await world(state).open.isOpen(mine)).toBe(false)
  })

  test.each(['', 'x', 'A'.repeat(64), `${'a'.repeat(63)} `, 'a'.repeat(65), 'é'.repeat(64)])(
    '%j is no token and is not even looked up',
    async (text) => {
      const { open } = world()
      expect(await open.isOpen(text)).toBe(false)
      await open.close(text)
    },
  )

  test('while the database cannot be read nobody is called logged out', async () => {
    const before = world()
    const token = await before.open.open()
    const after = world(before.state)
    before.state.failWith = new StoreError('busy', 'the database is busy')
    await expect(after.open.isOpen(token)).rejects.toThrow('busy')
    before.state.failWith = undefined
    expect(await after.open.isOpen(token)).toBe(true)
  })

  test('a session that could not be stored does not exist', async () => {
    const { open, state } = world()
    await open.isOpen('a'.repeat(64))
    state.failWith = new StoreError('full', 'no space')
    await expect(open.open()).rejects.toThrow('no space')
    expect(state.sessions.size).toBe(0)
  })

  test('a script that logs in for every call pushes out the oldest sessions, not the memory', async () => {
    const { open } = world()
    const first = await open.open()
    for (let n = 0; n < 9_999; n++) await open.open()
    expect(await open.isOpen(first)).toBe(true)
    const last = await open.open()
    expect([await open.isOpen(first), await open.isOpen(last)]).toEqual([false, true])
  })
})
