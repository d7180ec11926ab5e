import { afterAll, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { logQuery, logRow, tokenDraft } from './contract-rows.ts'
import { databaseFolder, readAll, tamper } from './old-databases.ts'
import type { JournalMode } from './open-options.ts'
import { openStore } from './open-store.ts'

/*
 * What is left after kill -9 and full disks. Each case runs the store in a process of its own.
 */

const { fresh, remove } = databaseFolder()
const children: Subprocess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  remove()
})

const open = (path: string, journalMode: JournalMode = 'WAL') => openStore({ path, journalMode, version: '9.9.9' })

/** Runs `code` with `openStore`, `logRow` and `path` in scope; `say` writes a line. */
function start(path: string, code: string, shellPrefix = '') {
  const module = (name: string) => JSON.stringify(join(import.meta.dir, name))
  const script = `import { openStore } from ${module('open-store.ts')}
    import { logRow } from ${module('contract-rows.ts')}
    const path = ${JSON.stringify(path)}
    const say = (text) => process.stdout.write(text + '\\n')
    ${code}`
  const command = ['sh', '-c', `${shellPrefix} exec "$@"`, 'sh', process.execPath, '-e', script]
  const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'inherit' })
  children.push(child)
  return child
}

async function linesOf(child: { readonly stdout: ReadableStream<Uint8Array> }): Promise<string[]> {
  return (await new Response(child.stdout).text()).split('\n').filter((line) => line !== '')
}

describe('kill -9', () => {
  test('while rows are written: what was answered is there, whole batches only, and each token is charged once', async () => {
    const path = fresh()
    const { store, close } = await open(path)
    const token = await store.tokens.create(tokenDraft(), 1)
    await close()
    const child = start(
      path,
      `const { store } = await openStore({ path, journalMode: 'WAL' })
       for (let n = 0; ; n++) {
         await store.logs.append(Array.from({ length: 7 }, (_, k) => logRow({ attemptId: n + '-' + k, tokenId: ${token.id} })))
         say(String(n))
       }`,
    )
    let answered = -1
    for await (const chunk of child.stdout) {
      answered = Number(new TextDecoder().decode(chunk).trim().split('\n').at(-1))
      if (answered > 150) break
    }
    child.kill('SIGKILL')
    await child.exited
    const after = await open(path)
    const { total } = await after.store.logs.page(logQuery())
    expect(total % 7).toBe(0)
    expect(total).toBeGreaterThanOrEqual((answered + 1) * 7)
    // The program does not know what was kept: it sends everything again.
    const again = Array.from({ length: total + 7 }, (_, k) =>
      logRow({ attemptId: `${Math.floor(k / 7)}-${k % 7}`, tokenId: token.id }),
    )
    await after.store.logs.append(again)
    expect(await after.store.tokens.get(token.id)).toMatchObject({
      successCount: total + 7,
      promptTokens: 10 * (total + 7),
    })
    await after.close()
  })

  const bigOld = fresh('2026-01')
  const double = `INSERT INTO logs (time, minute_bucket, model, channel_id, status_code, message, input_tokens, cost)
    SELECT time, minute_bucket, model, channel_id, status_code, message, input_tokens, cost FROM logs`
  tamper(bigOld, 'PRAGMA synchronous = OFF', ...Array<string>(7).fill(double))

  test.each([0, 0.3, 0.6, 0.9])(
    'at %d of a migration: the next start takes the database forward, with every row',
    async (share) => {
      const path = fresh()
      copyFileSync(bigOld, path)
      const totals = 'SELECT count(*) AS n, sum(input_tokens) AS input, round(sum(cost), 6) AS usd FROM logs'
      const before = readAll(path, totals)
      const child = start(
        path,
        `say('go'); await openStore({ path, journalMode: 'WAL', version: '9.9.9' }); say('done')`,
      )
      await child.stdout.getReader().read()
      await Bun.sleep(share * 300) // where it is then does not matter: any place must do
      child.kill('SIGKILL')
      await child.exited
      const { close, store } = await open(path)
      const { total } = await store.logs.page(logQuery())
      await close()
      expect(readAll(path, totals)).toEqual(before)
      expect(total).toBe(245 * 128)
      const [sums] = readAll(
        path,
        'SELECT sum(cost_nano) AS nano, sum(minute_bucket <> time / 60000) AS misplaced FROM logs',
      )
      expect(sums).toEqual({ nano: 2_294_892_450 * 128, misplaced: 0 })
      expect(existsSync(`${path}.before-ccload-9.9.9.unfinished`)).toBe(false)
      expect(readAll(`${path}.before-ccload-9.9.9`, 'SELECT count(*) AS n FROM logs')).toEqual([{ n: 245 * 128 }])
    },
  )
})

describe('a full disk', () => {
  const MODES: readonly JournalMode[] = ['WAL', 'DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY']

  test.each(MODES)(
    'with journal mode %s: writes are refused as "full", whole batches stay, reading goes on',
    async (mode) => {
      const path = fresh()
      const child = start(
        path,
        `const { store, close } = await openStore({ path, journalMode: '${mode}' })
       const batch = (n) => Array.from({ length: 50 }, (_, k) => logRow({ attemptId: n + '-' + k }))
       let n = 0
       for (;; n++) { try { await store.logs.append(batch(n)) } catch (error) { say(error.kind + ' ' + error.message); break } }
       const { total } = await store.logs.page({ fromMs: 0, toMs: 9e15, limit: 1, offset: 0 })
       say(String(total === n * 50))
       await close()`,
        'ulimit -f 600;',
      )
      const [said, whole] = await linesOf(child)
      expect(said).toStartWith('full the database cannot be written')
      expect(said).not.toMatch(/insert|values/i)
      expect(whole).toBe('true')
      const { store, close } = await open(path, mode)
      await store.logs.append([logRow({ attemptId: 'later' })])
      expect((await store.logs.page(logQuery())).total % 50).toBe(1)
      await close()
      expect(readAll(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    },
  )

  test('before the backup of an old database: the start is refused, nothing is changed, nothing half is left', async () => {
    const path = fresh('2026-01')
    const before = await Bun.file(path).bytes()
    const child = start(
      path,
      `try { await openStore({ path, journalMode: 'WAL', version: '9.9.9' }) } catch (error) { say(error.reason + ' ' + error.message) }`,
      'ulimit -f 200;',
    )
    const [said] = await linesOf(child)
    expect(said).toStartWith('unwritable')
    expect(said).toContain('make room')
    expect(await Bun.file(path).bytes()).toEqual(before)
    expect(
      [`${path}.before-ccload-9.9.9`, `${path}.before-ccload-9.9.9.unfinished`].map((file) => existsSync(file)),
    ).toEqual([false, false])
  })
})
