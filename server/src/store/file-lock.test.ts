import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { lockFile } from './file-lock.ts'
import { OpenError } from './open-error.ts'

const folder = mkdtempSync(join(tmpdir(), 'ccload-lock-'))
const children: Subprocess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

let files = 0
function freshPath(): string {
  files++
  return join(folder, `${files}`, 'ccload.db')
}

function refusal(path: string): OpenError {
  try {
    lockFile(path).release()
  } catch (error) {
    if (error instanceof OpenError) return error
    throw error
  }
  throw new Error('the lock was given')
}

/** A process that holds the lock until it is killed. */
async function holder(path: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const code = `import { lockFile } from ${JSON.stringify(join(import.meta.dir, 'file-lock.ts'))}
    lockFile(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe', stderr: 'ignore' })
  children.push(child)
  const { value } = await child.stdout.getReader().read()
  expect(new TextDecoder().decode(value)).toContain('held')
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

describe('a second start on the same database', () => {
  test('is told that the program is already running, and as which process', async () => {
    const path = freshPath()
    const first = await holder(path)
    const error = refusal(path)
    expect(error.reason).toBe('already-running')
    expect(error.message).toContain(`process ${first.pid}`)
    expect(refusal(path).reason).toBe('already-running') // asking took nothing from the owner
    await first.kill()
  })

  test('starts after a kill -9 of the first', async () => {
    const path = freshPath()
    const first = await holder(path)
    await first.kill()
    lockFile(path).release()
  })

  test('inside one process is refused too, and the lock stays held after the refusal', async () => {
    const path = freshPath()
    const lock = lockFile(path)
    expect(refusal(path).message).toContain(`process ${process.pid}`)
    const code = `import { lockFile } from ${JSON.stringify(join(import.meta.dir, 'file-lock.ts'))}
      try { lockFile(${JSON.stringify(path)}); console.log('given') } catch (error) { console.log(error.reason) }`
    const other = Bun.spawnSync([process.execPath, '-e', code])
    expect(other.stdout.toString().trim()).toBe('already-running')
    lock.release()
    lockFile(path).release()
  })

  test('on another database is free', () => {
    const locks = [lockFile(freshPath()), lockFile(freshPath())]
    for (const lock of locks) lock.release()
    expect(locks).toHaveLength(2)
  })
})

test('the folder of the database is made, for its owner and group alone', () => {
  const path = freshPath()
  lockFile(path).release()
  expect(statSync(join(path, '..')).mode & 0o777 & ~0o750).toBe(0)
})

test('a folder that is a file is said to be unwritable', () => {
  const path = freshPath()
  lockFile(path).release()
  const inside = join(`${path}.lock`, 'sub', 'x.db')
  expect(refusal(inside).reason).toBe('unwritable')
})

test('a database in memory needs no lock and leaves no file', () => {
  const locks = [lockFile(':memory:'), lockFile(':memory:')]
  for (const lock of locks) lock.release()
  expect(existsSync(':memory:.lock')).toBe(false)
})
