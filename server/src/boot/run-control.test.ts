import { expect, test } from 'bun:test'
import { ENV } from '../config/env-table.ts'
import { MAX_PROXIES } from '../link/shared-page.ts'

test('no more proxies can be set than have a place where they note what they hold', () => {
  expect<number>(ENV.CCLOAD_WORKERS.max).toBe(MAX_PROXIES)
})
