import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { makeFeed } from './prices.ts'
import { ROOT } from './source-files.ts'

test('the price data in the program is what tools/prices.ts makes of the package', async () => {
  const kept = await Bun.file(join(ROOT, 'server/src/core/prices/generated.json')).json()
  expect(kept).toEqual(JSON.parse(JSON.stringify(makeFeed())))
})

test('the package is of the version whose date the data bears', async () => {
  const { version } = await Bun.file(join(ROOT, 'node_modules/@pydantic/genai-prices/package.json')).json()
  expect(makeFeed().source).toContain(` ${version} `)
})
