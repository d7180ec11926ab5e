import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { ChannelStore } from '../ports/channel-store.ts'
import type { Store } from '../ports/store.ts'
import { channelDraft, type Fresh, kindOfFailure, logQuery, logRow, T0, T0_S } from './contract-rows.ts'

const REST = { untilMs: T0 + 60_000, durationMs: 60_000 }
const NONE = { untilMs: 0, durationMs: 0 }

/** Every `ChannelStore` must pass this, whatever it is made of. */
export function channelStoreContract(name: string, fresh: Fresh): void {
  describe(`${name}: ChannelStore`, () => {
    let store: Store
    let channels: ChannelStore
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ store, close } = await fresh())
      channels = store.channels
    })
    afterEach(() => close())

    describe('create', () => {
      test('limits, price factor and the wish for usage are kept, and changed one by one', async () => {
        const limits = { costMultiplier: 0.35, rpmLimit: 60, maxConcurrency: 4, askForUsage: true }
        const { id } = await channels.create(channelDraft(limits), T0)
        expect(await channels.get(id)).toMatchObject(limits)
        await channels.update(id, { costMultiplier: 0 }, T0)
        expect(await channels.get(id)).toMatchObject({ ...limits, costMultiplier: 0 })
        await channels.update(id, { rpmLimit: 0, maxConcurrency: 0, askForUsage: false }, T0)
        expect(await channels.get(id)).toMatchObject({ rpmLimit: 0, maxConcurrency: 0, askForUsage: false })
      })

      test('answers the whole channel, keys and models in the order typed', async () => {
        const made = await channels.create(
          channelDraft({ keyStrategy: 'round_robin', dailyCostLimitUsd: 2.5 }),
          T0 + 999,
        )
        expect(made).toMatchObject({
          name: 'main',
          type: 'anthropic',
          url: 'https://api.example.com',
          priority: 10,
          enabled: true,
          keyStrategy: 'round_robin',
          dailyCostLimitUsd: 2.5,
          cooldown: NONE,
          keyTurn: 0,
          createdAtS: T0_S,
          updatedAtS: T0_S,
        })
        expect(made.keys.map(({ index, apiKey, cooldown }) => [index, apiKey, cooldown])).toEqual([
          [0, 'sk-one', NONE],
          [1, 'sk-two', NONE],
        ])
        expect(made.models).toEqual([
          { name: 'zeta', redirect: '' },
          { name: 'alpha', redirect: 'alpha-2' },
        ])
        expect(await channels.get(made.id)).toEqual(made)
        expect(await channels.list()).toEqual([made])
      })

      test('refuses a taken name as a conflict and leaves nothing behind', async () => {
        const first = await channels.create(channelDraft(), T0)
        expect(await kindOfFailure(channels.create(channelDraft({ apiKeys: ['sk-other'] }), T0))).toBe('conflict')
        expect(await channels.list()).toEqual([first])
      })

      test('names that differ only by case are two names', async () => {
        await channels.create(channelDraft({ name: 'Relay' }), T0)
        await channels.create(channelDraft({ name: 'relay' }), T0)
        expect((await channels.list()).map((channel) => channel.name)).toEqual(['Relay', 'relay'])
      })

      test('takes a model that is listed twice once, and models that differ by case apart', async () => {
        const models = ['m', 'M', 'm'].map((model, place) => ({ name: model, redirect: `to-${place}` }))
        const { models: stored } = await channels.create(channelDraft({ models }), T0)
        expect(stored).toEqual([
          { name: 'm', redirect: 'to-0' },
          { name: 'M', redirect: 'to-1' },
        ])
      })

      test('takes no keys and no models, long keys, quotes, emoji and negative priorities', async () => {
        const bare = await channels.create(channelDraft({ apiKeys: [], models: [], keyStrategy: 'round_robin' }), T0)
        expect(bare).toMatchObject({ keys: [], models: [], keyStrategy: 'round_robin' })
        const odd = channelDraft({
          name: `"; drop table channels; -- '主🚀`,
          priority: -5,
          apiKeys: ['k'.repeat(4000)],
        })
        const made = await channels.create(odd, T0)
        expect(made).toMatchObject({ name: odd.name, priority: -5 })
        expect(made.keys[0]?.apiKey).toBe('k'.repeat(4000))
      })

      test('never gives the id of a deleted channel again', async () => {
        const first = await channels.create(channelDraft(), T0)
        expect(await channels.remove(first.id)).toBe(true)
        const second = await channels.create(channelDraft(), T0)
        expect(second.id).toBeGreaterThan(first.id)
      })
    })

    describe('get and list', () => {
      test('an unknown id is undefined, an empty store an empty list', async () => {
        expect(await channels.get(77)).toBeUndefined()
        expect(await channels.list()).toEqual([])
      })

      test('lists by id, each channel with its own keys and models', async () => {
        for (const n of [0, 1, 2]) {
          await channels.create(
            channelDraft({ name: `c${n}`, apiKeys: [`k${n}`], models: [{ name: `m${n}`, redirect: '' }] }),
            T0,
          )
        }
        const listed = await channels.list()
        expect(listed.map(({ name: n, keys, models }) => [n, keys[0]?.apiKey, models[0]?.name])).toEqual([
          ['c0', 'k0', 'm0'],
          ['c1', 'k1', 'm1'],
          ['c2', 'k2', 'm2'],
        ])
      })
    })

    describe('update', () => {
      test('changes what the patch names and leaves the rest', async () => {
        const made = await channels.create(channelDraft(), T0)
        const changed = await channels.update(made.id, { priority: 99, enabled: false }, T0 + 5000)
        expect(changed).toEqual({ ...made, priority: 99, enabled: false, updatedAtS: T0_S + 5 })
      })

      test('an unknown channel is undefined and nothing is made', async () => {
        expect(await channels.update(4711, { name: 'x', apiKeys: ['k'] }, T0)).toBeUndefined()
        expect(await channels.list()).toEqual([])
      })

      test('a taken name is a conflict and the whole patch is undone', async () => {
        await channels.create(channelDraft({ name: 'taken' }), T0)
        const made = await channels.create(channelDraft({ name: 'mine' }), T0)
        expect(await kindOfFailure(channels.update(made.id, { name: 'taken', apiKeys: ['new'] }, T0))).toBe('conflict')
        expect(await channels.get(made.id)).toEqual(made)
      })

      test('a key that stays keeps its id and its cooldown wherever it moves', async () => {
        const made = await channels.create(channelDraft({ apiKeys: ['a', 'b', 'c'] }), T0)
        const [a, b, c] = made.keys
        if (!a || !b || !c) throw new Error('three keys')
        await channels.saveCooldowns([{ scope: 'key', channelId: made.id, keyId: c.id, ...REST }])
        const changed = await channels.update(made.id, { apiKeys: ['c', 'new', 'a'] }, T0)
        expect(changed?.keys.map(({ apiKey, index }) => [apiKey, index])).toEqual([
          ['c', 0],
          ['new', 1],
          ['a', 2],
        ])
        expect(changed?.keys[0]).toEqual({ ...c, index: 0, cooldown: REST })
        expect(changed?.keys[2]?.id).toBe(a.id)
        expect([a.id, b.id, c.id]).not.toContain(changed?.keys[1]?.id)
      })

      test('removing a key closes the gap', async () => {
        const made = await channels.create(channelDraft({ apiKeys: ['a', 'b', 'c'] }), T0)
        const changed = await channels.update(made.id, { apiKeys: ['b', 'c'] }, T0)
        expect(changed?.keys.map(({ index }) => index)).toEqual([0, 1])
      })

      test('the strategy outlives the last key', async () => {
        const made = await channels.create(channelDraft(), T0)
        await channels.update(made.id, { keyStrategy: 'round_robin' }, T0)
        await channels.update(made.id, { apiKeys: [] }, T0)
        expect((await channels.update(made.id, { apiKeys: ['again'] }, T0))?.keyStrategy).toBe('round_robin')
      })

      test('a model that leaves takes its rest with it, one that stays keeps it', async () => {
        const { id } = await channels.create(channelDraft(), T0)
        const rests = ['zeta', 'alpha'].map((model) => ({ scope: 'model' as const, channelId: id, model, ...REST }))
        await channels.saveCooldowns(rests)
        await channels.update(id, { models: [{ name: 'alpha', redirect: '' }] }, T0)
        expect(await channels.modelCooldowns()).toEqual([{ channelId: id, model: 'alpha', cooldown: REST }])
      })

      test('the order of models is the one typed last', async () => {
        const { id } = await channels.create(channelDraft(), T0)
        const models = ['b', 'zeta', 'a', 'alpha'].map((model) => ({ name: model, redirect: '' }))
        expect((await channels.update(id, { models }, T0 + 9000))?.models).toEqual(models)
      })

      test('two updates at once do not lose one another', async () => {
        const { id } = await channels.create(channelDraft(), T0)
        await Promise.all([
          channels.update(id, { priority: 5 }, T0),
          channels.update(id, { apiKeys: ['x'] }, T0),
          channels.update(id, { url: 'https://other.example.com' }, T0),
        ])
        const after = await channels.get(id)
        expect(after).toMatchObject({ priority: 5, url: 'https://other.example.com' })
        expect(after?.keys.map(({ apiKey }) => apiKey)).toEqual(['x'])
      })
    })

    describe('remove', () => {
      test('an unknown channel is false', async () => {
        expect(await channels.remove(1)).toBe(false)
      })

      test('takes keys, models, rests and rotation along, and leaves the log', async () => {
        const { id, keys } = await channels.create(channelDraft(), T0)
        await channels.saveCooldowns([{ scope: 'model', channelId: id, model: 'zeta', ...REST }])
        await channels.saveKeyTurns([{ channelId: id, turn: 3 }])
        await store.logs.append([logRow({ channelId: id })])
        await channels.remove(id)
        expect(await channels.list()).toEqual([])
        expect(await channels.modelCooldowns()).toEqual([])
        expect((await store.logs.page(logQuery())).total).toBe(1)
        const again = await channels.create(channelDraft(), T0)
        expect(again.keyTurn).toBe(0)
        expect(keys.map((key) => key.id)).not.toContain(again.keys[0]?.id)
      })
    })
  })
}
