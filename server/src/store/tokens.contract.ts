import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { TokenStore } from '../ports/token-store.ts'
import { type Fresh, kindOfFailure, T0, tokenDraft } from './contract-rows.ts'

/** Every `TokenStore` must pass this, whatever it is made of. */
export function tokenStoreContract(name: string, fresh: Fresh): void {
  describe(`${name}: TokenStore`, () => {
    let tokens: TokenStore
    let close: () => Promise<void>
    beforeEach(async () => {
      const opened = await fresh()
      tokens = opened.store.tokens
      close = opened.close
    })
    afterEach(() => close())

    test('a new token has its draft and empty counters', async () => {
      const draft = tokenDraft({ expiresAtMs: T0 + 1, allowedModels: ['a', 'B"'], costLimitMicroUsd: 5_000_000 })
      const made = await tokens.create(draft, T0)
      expect(made).toMatchObject({ ...draft, createdAtMs: T0, lastUsedAtMs: 0, costUsedMicroUsd: 0, successCount: 0 })
      expect(await tokens.get(made.id)).toEqual(made)
    })

    test('the same hash twice is a conflict', async () => {
      await tokens.create(tokenDraft(), T0)
      expect(await kindOfFailure(tokens.create(tokenDraft({ description: 'other' }), T0))).toBe('conflict')
      expect(await tokens.list()).toHaveLength(1)
    })

    test('lists the newest first, also inside one millisecond', async () => {
      for (const [hash, at] of [
        ['old', 1],
        ['new', 3],
        ['mid', 2],
        ['mid-later', 2],
      ] as const) {
        await tokens.create(tokenDraft({ hash }), at)
      }
      expect((await tokens.list()).map(({ hash }) => hash)).toEqual(['new', 'mid-later', 'mid', 'old'])
    })

    test('a patch without allowed models keeps the restriction', async () => {
      const made = await tokens.create(tokenDraft({ allowedModels: ['only-this'] }), T0)
      const changed = await tokens.update(made.id, { description: 'renamed' })
      expect(changed).toEqual({ ...made, description: 'renamed' })
    })

    test('an empty list lifts the restriction, 0 lifts limit and expiry', async () => {
      const made = await tokens.create(tokenDraft({ allowedModels: ['m'], costLimitMicroUsd: 1, expiresAtMs: 2 }), T0)
      const changed = await tokens.update(made.id, {
        allowedModels: [],
        costLimitMicroUsd: 0,
        expiresAtMs: 0,
        active: false,
      })
      expect(changed).toMatchObject({ allowedModels: [], costLimitMicroUsd: 0, expiresAtMs: 0, active: false })
      expect(await tokens.get(made.id)).toEqual(changed)
    })

    test('limits are kept as given, one by one, and 0 and [] lift them', async () => {
      const limits = {
        dailyCostLimitMicroUsd: 1,
        monthlyCostLimitMicroUsd: 1e15,
        rpmLimit: 60,
        maxConcurrency: 4,
        allowedChannelIds: [7, 3],
        allowedAddresses: ['10.0.0.0/8', '::1'],
      }
      const none = tokenDraft()
      const made = await tokens.create(tokenDraft(limits), T0)
      expect(await tokens.get(made.id)).toMatchObject(limits)
      expect(await tokens.update(made.id, { rpmLimit: 0 })).toEqual({ ...made, rpmLimit: 0 })
      const { hash: _, hint: __, ...lifted } = none
      expect(await tokens.update(made.id, lifted)).toMatchObject(lifted)
    })

    test('unknown ids are undefined and false, not errors', async () => {
      expect(await tokens.get(5)).toBeUndefined()
      expect(await tokens.update(5, { active: false })).toBeUndefined()
      expect(await tokens.remove(5)).toBe(false)
    })

    test('a removed token is gone and its id is not given again', async () => {
      const made = await tokens.create(tokenDraft(), T0)
      expect(await tokens.remove(made.id)).toBe(true)
      expect(await tokens.list()).toEqual([])
      expect((await tokens.create(tokenDraft(), T0)).id).toBeGreaterThan(made.id)
    })
  })
}
