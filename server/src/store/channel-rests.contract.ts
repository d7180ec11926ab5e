import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { ChannelStore } from '../ports/channel-store.ts'
import { channelDraft, type Fresh, T0 } from './contract-rows.ts'

const REST = { untilMs: T0 + 60_000, durationMs: 60_000 }
const NONE = { untilMs: 0, durationMs: 0 }

/** The part of the contract of `ChannelStore` that is about rests and key turns, which are written behind. */
export function channelRestsContract(name: string, fresh: Fresh): void {
  describe(`${name}: ChannelStore`, () => {
    let channels: ChannelStore
    let close: () => Promise<void>
    beforeEach(async () => {
      const opened = await fresh()
      channels = opened.store.channels
      close = opened.close
    })
    afterEach(() => close())

    describe('cooldowns', () => {
      test('of channel, key and model are kept, rounded up to the second', async () => {
        const { id, keys } = await channels.create(channelDraft(), T0)
        const keyId = keys[1]?.id ?? 0
        const rest = { untilMs: T0 + 1, durationMs: 1500 }
        await channels.saveCooldowns([
          { scope: 'channel', channelId: id, ...rest },
          { scope: 'key', channelId: id, keyId, ...rest },
          { scope: 'model', channelId: id, model: 'alpha', ...rest },
        ])
        const kept = { untilMs: T0 + 1000, durationMs: 1500 }
        const after = await channels.get(id)
        expect(after?.cooldown).toEqual(kept)
        expect(after?.keys.map(({ cooldown }) => cooldown)).toEqual([NONE, kept])
        expect(await channels.modelCooldowns()).toEqual([{ channelId: id, model: 'alpha', cooldown: kept }])
      })

      test('are replaced and cleared', async () => {
        const { id, keys } = await channels.create(channelDraft(), T0)
        const targets = [
          { scope: 'channel' as const, channelId: id },
          { scope: 'key' as const, channelId: id, keyId: keys[0]?.id ?? 0 },
          { scope: 'model' as const, channelId: id, model: 'zeta' },
        ]
        const longer = { untilMs: T0 + 120_000, durationMs: 120_000 }
        await channels.saveCooldowns(targets.map((target) => ({ ...target, ...REST })))
        await channels.saveCooldowns(targets.map((target) => ({ ...target, ...longer })))
        expect((await channels.get(id))?.cooldown).toEqual(longer)
        expect((await channels.modelCooldowns())[0]?.cooldown).toEqual(longer)
        await channels.saveCooldowns(targets.map((target) => ({ ...target, ...NONE })))
        expect((await channels.get(id))?.cooldown).toEqual(NONE)
        expect((await channels.get(id))?.keys[0]?.cooldown).toEqual(NONE)
        expect(await channels.modelCooldowns()).toEqual([])
      })

      test('of what is no longer there are skipped, the others are written', async () => {
        const { id } = await channels.create(channelDraft(), T0)
        const other = await channels.create(channelDraft({ name: 'other' }), T0)
        await channels.saveCooldowns([
          { scope: 'channel', channelId: 999, ...REST },
          { scope: 'key', channelId: id, keyId: other.keys[0]?.id ?? 0, ...REST },
          { scope: 'model', channelId: 999, model: 'zeta', ...REST },
          { scope: 'model', channelId: id, model: 'unknown', ...REST },
          { scope: 'channel', channelId: id, ...REST },
        ])
        expect((await channels.get(id))?.cooldown).toEqual(REST)
        expect(await channels.get(other.id)).toEqual(other)
        expect(await channels.modelCooldowns()).toEqual([])
      })

      test('say why they are, exactly, until they are over or replaced by one without a reason', async () => {
        const { id, keys } = await channels.create(channelDraft(), T0)
        const targets = [
          { scope: 'channel' as const, channelId: id },
          { scope: 'key' as const, channelId: id, keyId: keys[0]?.id ?? 0 },
          { scope: 'model' as const, channelId: id, model: 'zeta' },
        ]
        const rest = { untilMs: T0 + 1230, durationMs: 1000 }
        const why = { reason: '上游 said no', statusCode: 529, requestId: 'r1', step: 0, capped: true as const }
        await channels.saveCooldowns(targets.map((target) => ({ ...target, ...rest, why })))
        const stored = targets.map((target) => ({ ...target, ...why, sinceMs: T0 + 230, untilMs: T0 + 1230 }))
        expect((await channels.cooldownReasons()).toSorted((a, b) => (a.scope < b.scope ? -1 : 1))).toEqual(stored)
        await channels.saveCooldowns([
          { scope: 'channel', channelId: id, ...NONE, why },
          { scope: 'key', channelId: id, keyId: keys[0]?.id ?? 0, ...REST },
        ])
        expect((await channels.cooldownReasons()).map(({ scope }) => scope)).toEqual(['model'])
      })

      test('leave no reason behind when their channel, key or model goes, and take none for what is not there', async () => {
        const { id, keys } = await channels.create(channelDraft(), T0)
        const why = { reason: 'why', statusCode: 500, requestId: '' }
        await channels.saveCooldowns([
          { scope: 'channel', channelId: 999, ...REST, why },
          { scope: 'key', channelId: id, keyId: 999, ...REST, why },
          { scope: 'channel', channelId: id, ...REST, why },
          { scope: 'key', channelId: id, keyId: keys[0]?.id ?? 0, ...REST, why },
          { scope: 'model', channelId: id, model: 'zeta', ...REST, why },
        ])
        expect(await channels.cooldownReasons()).toHaveLength(3)
        await channels.update(id, { apiKeys: ['sk-new'], models: [{ name: 'alpha', redirect: '' }] }, T0)
        expect((await channels.cooldownReasons()).map(({ scope }) => scope)).toEqual(['channel'])
        await channels.remove(id)
        expect(await channels.cooldownReasons()).toEqual([])
      })

      test('survive a change of the channel', async () => {
        const { id } = await channels.create(channelDraft(), T0)
        await channels.saveCooldowns([{ scope: 'channel', channelId: id, ...REST }])
        expect((await channels.update(id, { priority: 1 }, T0))?.cooldown).toEqual(REST)
      })
    })

    test('key turns are kept, the last one wins, those of unknown channels are skipped', async () => {
      const { id } = await channels.create(channelDraft(), T0)
      await channels.saveKeyTurns([
        { channelId: 999, turn: 1 },
        { channelId: id, turn: 7 },
      ])
      await channels.saveKeyTurns([{ channelId: id, turn: 8 }])
      expect((await channels.get(id))?.keyTurn).toBe(8)
    })
  })
}
