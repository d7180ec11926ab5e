import { describe, expect, test } from 'bun:test'
import { StoreError } from '../ports/store.ts'
import { sqlite } from './dialect.ts'
import { storeErrorFrom } from './store-failure.ts'
import { runCall, STORE_METHODS, storeFrom } from './store-methods.ts'

describe('what a failed statement means', () => {
  test.each([
    ['SQLITE_CONSTRAINT_UNIQUE', 'conflict'],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'conflict'],
    ['SQLITE_CONSTRAINT_NOTNULL', 'broken'],
    ['SQLITE_CONSTRAINT_FOREIGNKEY', 'broken'],
    ['SQLITE_BUSY', 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
    ['SQLITE_LOCKED', 'busy'],
    ['SQLITE_FULL', 'full'],
    ['SQLITE_READONLY', 'full'],
    ['SQLITE_READONLY_DBMOVED', 'full'],
    ['SQLITE_IOERR_WRITE', 'full'],
    ['SQLITE_CORRUPT', 'broken'],
    ['', 'broken'],
  ] as const)('%s is %s', (code, kind) => {
    expect(sqlite.errorKind(Object.assign(new Error('x'), { code }))).toBe(kind)
  })

  test('what is no error of the driver is broken', () => {
    const odd = [undefined, null, 'text', 5, new Error('no code'), { code: 5 }]
    expect(odd.map((error) => sqlite.errorKind(error))).toEqual(odd.map(() => 'broken'))
  })

  test('no SQL and no value of it reaches the message', () => {
    const raw = Object.assign(new Error('UNIQUE constraint failed: channels.name: sk-secret'), {
      code: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    const { message, kind } = storeErrorFrom(raw, sqlite)
    expect([kind, message]).toEqual(['conflict', 'the name is taken (SQLITE_CONSTRAINT_UNIQUE)'])
  })

  test('a StoreError stays what it is', () => {
    const error = new StoreError('busy', 'as it was')
    expect(storeErrorFrom(error, sqlite)).toBe(error)
  })
})

describe('a store made of calls', () => {
  test('calls every method of every port with its arguments', async () => {
    const calls: string[] = []
    const store = storeFrom(async ({ port, method, args }) => void calls.push(`${port}.${method}(${args.join()})`))
    await store.tokens.remove(7)
    await store.logs.prune(1, 2)
    expect(calls).toEqual(['tokens.remove(7)', 'logs.prune(1,2)'])
    expect(Object.keys(store).sort()).toEqual(Object.keys(STORE_METHODS).sort())
  })

  test.each([
    ['channels', 'drop'],
    ['channels', 'constructor'],
    ['nothing', 'list'],
    ['__proto__', 'toString'],
  ])('a call of %s.%s, which does not exist, is refused', async (port, method) => {
    const store = storeFrom(async () => 'ran')
    const call = runCall(store, { port: port as 'channels', method, args: [] })
    expect(await call.catch((error: unknown) => (error as StoreError).kind)).toBe('broken')
  })
})
