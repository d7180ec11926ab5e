import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'

const MAIN = join(import.meta.dir, 'main.ts')

let program: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
let url: string
let printed = ''

beforeAll(async () => {
  const faults = '[{"key":"bad","do":{"kind":"status","status":401}}]'
  program = Bun.spawn([process.execPath, MAIN, '--port', '0', '--faults', faults], {
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  })
  for await (const piece of program.stdout.pipeThrough(new TextDecoderStream())) {
    printed += piece
    url = /Listening on (\S+)/.exec(printed)?.[1] ?? ''
    if (url !== '') break
  }
})
afterAll(() => program.kill())

const ask = (key: string) => fetch(`${url}/v1/messages`, { method: 'POST', body: '{}', headers: { 'x-api-key': key } })
const rules = (body: string, query = '') => fetch(`${url}/_mock/rules${query}`, { method: 'POST', body })

describe('the mock as a program', () => {
  test('says how to use it', async () => {
    for (const word of ['/_mock/rules', 'cut-after-bytes', 'soft-error', url]) expect(printed).toContain(word)
    expect(await (await fetch(`${url}/_mock`)).text()).toContain(`${url}/_mock/calls`)
  })

  test('begins with the faults of its command line', async () => {
    expect([(await ask('bad')).status, (await ask('good')).status]).toEqual([401, 200])
  })

  test('takes rules, shows calls, counts and forgets over HTTP', async () => {
    expect((await rules('{"times":1,"do":{"kind":"status","status":503}}')).status).toBe(200)
    expect((await rules('{"do":{"kind":"status","status":504}}', '?add=1')).status).toBe(200)
    expect([(await ask('k1')).status, (await ask('k2')).status]).toEqual([503, 504])
    const calls = (await (await fetch(`${url}/_mock/calls?key=k2`)).json()) as object[]
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/messages', key: 'k2', body: '{}', bodyBytes: 2 }])
    expect(await (await fetch(`${url}/_mock/count?path=/v1/messages`)).json()).toEqual({ count: 4 })
    await fetch(`${url}/_mock/reset`, { method: 'POST' })
    expect([await (await fetch(`${url}/_mock/count`)).json(), (await ask('k1')).status]).toEqual([{ count: 0 }, 200])
  })

  test.each(['{"do":{"kind":"nap"}}', 'not json', '{"do":{"kind":"stall"}}'])('refuses %s in words', async (body) => {
    const answer = await rules(body)
    expect([answer.status, (await answer.text()).length > 20]).toEqual([400, true])
  })

  test('ends with a message when its faults cannot be read', async () => {
    const failed = Bun.spawnSync([process.execPath, MAIN, '--port', '0', '--faults', '{"do":{"kind":"nap"}}'])
    expect(failed.exitCode).not.toBe(0)
    expect(failed.stderr.toString()).toContain('do')
  })
})
