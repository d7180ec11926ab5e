import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databasePath } from './database-path.ts'

const root = mkdtempSync(join(tmpdir(), 'ccload-path-'))
afterAll(() => rmSync(root, { recursive: true }))

const temporaryDirectory = join(root, 'tmp')

/** A working directory in which no folder `data` can be made: a file is in its place. */
function unwritable(): string {
  const workingDirectory = mkdtempSync(join(root, 'full-'))
  writeFileSync(join(workingDirectory, 'data'), 'not a folder')
  return workingDirectory
}

describe('where the database lives', () => {
  test.each([undefined, '', '  ', 'data/ccload.db'])(
    'SQLITE_PATH=%p means data/ccload.db below the working directory',
    (configured) => {
      const workingDirectory = mkdtempSync(join(root, 'wd-'))
      expect(databasePath({ configured, workingDirectory, temporaryDirectory })).toEqual({
        path: join(workingDirectory, 'data', 'ccload.db'),
      })
      expect(statSync(join(workingDirectory, 'data')).mode & 0o777 & ~0o750).toBe(0)
    },
  )

  test('an unwritable default moves to the temporary folder and says so', () => {
    const place = databasePath({ configured: undefined, workingDirectory: unwritable(), temporaryDirectory })
    expect(place.path).toBe(join(temporaryDirectory, 'ccload', 'ccload.db'))
    expect(place.warning).toContain('SQLITE_PATH')
  })

  test('a chosen path is never replaced, also when it cannot be written', () => {
    const configured = 'data/other.db'
    const workingDirectory = unwritable()
    expect(databasePath({ configured, workingDirectory, temporaryDirectory })).toEqual({
      path: join(workingDirectory, configured),
    })
  })

  test('absolute paths and :memory: stay as they are, and nothing is made for them', () => {
    const workingDirectory = mkdtempSync(join(root, 'wd-'))
    for (const configured of [join(root, 'none', 'x.db'), ':memory:']) {
      expect(databasePath({ configured, workingDirectory, temporaryDirectory })).toEqual({ path: configured })
    }
    expect(existsSync(join(root, 'none'))).toBe(false)
    expect(existsSync(join(workingDirectory, 'data'))).toBe(false)
  })

  test('trying leaves no file behind', () => {
    const workingDirectory = mkdtempSync(join(root, 'wd-'))
    databasePath({ configured: undefined, workingDirectory, temporaryDirectory })
    expect([...new Bun.Glob('**').scanSync({ cwd: join(workingDirectory, 'data'), dot: true })]).toEqual([])
  })
})
