import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { SettingStore } from '../ports/store.ts'
import { type Fresh, T0, T0_S } from './contract-rows.ts'

const ROW = { key: 'max_key_retries', value: '3', valueType: 'int', description: 'd', defaultValue: '3' }

/** Every `SettingStore` must pass this, whatever it is made of. */
export function settingStoreContract(name: string, fresh: Fresh): void {
  describe(`${name}: SettingStore`, () => {
    let settings: SettingStore
    let close: () => Promise<void>
    beforeEach(async () => {
      const opened = await fresh()
      settings = opened.store.settings
      close = opened.close
    })
    afterEach(() => close())

    test('a new store has no rows: what is missing has its default', async () => {
      expect(await settings.list()).toEqual([])
    })

    test('saves new values and overwrites old ones', async () => {
      await settings.save([ROW, { ...ROW, key: 'channel_test_content', value: '日期? 🚀' }], T0)
      await settings.save([{ ...ROW, value: '7' }], T0 + 1000)
      expect(await settings.list()).toEqual([
        { key: 'channel_test_content', value: '日期? 🚀', updatedAtS: T0_S },
        { key: 'max_key_retries', value: '7', updatedAtS: T0_S + 1 },
      ])
    })

    test('the same key twice in one save: the last one holds', async () => {
      await settings.save([ROW, { ...ROW, value: '9' }], T0)
      expect((await settings.list())[0]?.value).toBe('9')
    })

    test('saving nothing is nothing, an empty value is a value', async () => {
      await settings.save([], T0)
      await settings.save([{ ...ROW, value: '' }], T0)
      expect(await settings.list()).toEqual([{ key: ROW.key, value: '', updatedAtS: T0_S }])
    })
  })
}
