import { describe, expect, test } from 'bun:test'
import { plainPage } from '../link/page-file.ts'
import type { StoredChannel } from '../ports/channel-store.ts'
import type { Store } from '../ports/store.ts'
import type { StoredToken } from '../ports/token-store.ts'
import { changes } from './changes.ts'
import { LimitsFull } from './limits-full.ts'
import { Registry } from './registry.ts'

const NONE = {
  costLimitMicroUsd: 0,
  dailyCostLimitMicroUsd: 0,
  monthlyCostLimitMicroUsd: 0,
  rpmLimit: 0,
  maxConcurrency: 0,
  allowedModels: [],
  allowedChannelIds: [] as readonly number[],
  allowedAddresses: [] as readonly string[],
}
const token = (id: number, limits: Partial<typeof NONE>) =>
  ({ id, hash: `h${id}`, active: true, expiresAtMs: 0, ...NONE, ...limits }) as unknown as StoredToken
const channel = (id: number, rpmLimit: number) =>
  ({ id, rpmLimit, maxConcurrency: 0, dailyCostLimitUsd: 0, keys: [], models: [] }) as unknown as StoredChannel

function open(maxMeters: number) {
  const registry = new Registry(plainPage(1_790_000_000_000), maxMeters)
  const written: string[] = []
  const store = {
    tokens: {
      async create(draft: object) {
        written.push('create')
        return { ...token(50, {}), ...draft, id: 50 }
      },
      async update(id: number, patch: object) {
        written.push(`update ${id}`)
        return { ...token(id, {}), ...patch }
      },
      remove: async () => true,
    },
    channels: {
      async create(draft: object) {
        written.push('create channel')
        return { ...channel(60, 0), ...draft }
      },
    },
  } as unknown as Store
  const { createToken, updateToken, removeToken, createChannel } = changes({
    ...{ store, registry, clock: { nowMs: () => 0, monoMs: () => 0 }, publish: async () => [], replaceProxy() {} },
    spends: { showToken() {}, showChannel() {}, limitsChanged: () => [] },
  })
  return { registry, written, createToken, updateToken, removeToken, createChannel }
}

describe('more limits than can be counted', () => {
  test('do not stop the start: those that found no place do not hold, which can be said', async () => {
    const { registry } = open(2)
    const store = {
      channels: { list: async () => [channel(1, 5), channel(2, 0)] },
      tokens: { list: async () => [token(1, { rpmLimit: 1 }), token(2, { rpmLimit: 1, allowedChannelIds: [1] })] },
      settings: { list: async () => [] },
    } as unknown as Store
    await registry.load(store)
    expect(registry.unmetered()).toBe(1)
    const [channels, limits] = [registry.wire(channel(1, 5)), registry.tokens.get(2)?.limits]
    expect([channels.limits?.meter, limits?.meter, limits?.channelIds]).toEqual([undefined, 1, [1]])
  })

  test('who may be asked for and from where takes no place', () => {
    const { registry } = open(1)
    registry.putToken(token(1, { allowedChannelIds: [1] }))
    registry.putToken(token(2, { allowedAddresses: ['::1'] }))
    registry.putToken(token(3, { rpmLimit: 1 }))
    const meters = [1, 2, 3].map((id) => registry.tokens.get(id)?.limits?.meter)
    expect([meters, registry.unmetered()]).toEqual([[undefined, undefined, 0], 0])
  })

  test('are refused before anything is stored; what takes no place, and who has one, may be changed', async () => {
    const { registry, written, createToken, updateToken, removeToken, createChannel } = open(1)
    registry.putToken(token(1, { rpmLimit: 1 }))
    registry.putToken(token(2, {}))
    const draft = token(0, { rpmLimit: 1 })
    await expect(createToken(draft)).rejects.toBeInstanceOf(LimitsFull)
    await expect(updateToken(2, { dailyCostLimitMicroUsd: 1 })).rejects.toBeInstanceOf(LimitsFull)
    await expect(createChannel({ rpmLimit: 1 } as never)).rejects.toBeInstanceOf(LimitsFull)
    expect(written).toEqual([])
    await updateToken(1, { rpmLimit: 2 })
    await updateToken(2, { description: 'x' })
    await removeToken(1)
    await createToken(draft)
    expect([written, registry.tokens.get(50)?.limits?.meter]).toEqual([['update 1', 'update 2', 'create'], 0])
  })
})
