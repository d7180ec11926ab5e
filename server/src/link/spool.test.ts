import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogRow } from '../ports/attempt-log.ts'
import { dropSpooled, readSpool, spool } from './spool.ts'

const NOW_MS = 1_790_000_000_000
const row = (attemptId: string, message = ''): LogRow => ({ attemptId, message }) as LogRow

let dir = ''
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'spool-')), 'x.db.spool')
})
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }))

const ids = (nowMs = NOW_MS): string[] =>
  [...readSpool(dir, nowMs)].flatMap((file) => file.rows.map((one) => one.attemptId))

describe('writing', () => {
  test('what several writers leave is read back, also line breaks and odd characters in it', () => {
    spool(dir, 'proxy-1').write([row('a', 'two\nlines \u2028 "quoted" \0'), row('b')])
    spool(dir, 'proxy-2').write([row('c')])
    expect(ids().sort()).toEqual(['a', 'b', 'c'])
    expect([...readSpool(dir, NOW_MS)].flatMap((file) => file.rows)).toContainEqual(
      row('a', 'two\nlines \u2028 "quoted" \0'),
    )
  })

  test('one writer that writes several times overwrites nothing', () => {
    const one = spool(dir, 'proxy-1')
    for (const id of ['a', 'b', 'c']) one.write([row(id)])
    expect(ids().sort()).toEqual(['a', 'b', 'c'])
  })

  test('nothing to write leaves no file and no folder', () => {
    spool(dir, 'proxy-1').write([])
    expect(existsSync(dir)).toBe(false)
  })

  test('only the owner may read what is in it', () => {
    spool(dir, 'proxy-1').write([row('a')])
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
  })

  test('a folder that cannot be made is an error that the caller can report, not silence', () => {
    writeFileSync(dir, 'a file where the folder should be')
    expect(() => spool(dir, 'proxy-1').write([row('a')])).toThrow()
  })

  test('a full disk is an error, and leaves nothing half written that would take the last room', () => {
    mkdirSync(dir)
    symlinkSync('/dev/full', join(dir, 'proxy-1-0.endings.jsonl.part'))
    expect(() => spool(dir, 'proxy-1').write([row('a')])).toThrow('ENOSPC')
    expect(readdirSync(dir)).toEqual([])
  })
})

describe('reading', () => {
  test('no folder, no rows', () => {
    expect([...readSpool(dir, NOW_MS)]).toEqual([])
  })

  test('a file that is still being written is left alone, and taken over when its writer must be dead', () => {
    spool(dir, 'proxy-1').write([row('done')])
    const unfinished = join(dir, 'proxy-2-0.endings.jsonl.part')
    writeFileSync(unfinished, `${JSON.stringify(row('early'))}\n{"attemptId":"cu`)
    utimesSync(unfinished, NOW_MS / 1000, NOW_MS / 1000)
    expect(ids(NOW_MS + 1_000)).toEqual(['done'])
    expect(ids(NOW_MS + 61_000).sort()).toEqual(['done', 'early'])
  })

  test('a cut line, garbage and what is no row are dropped; the rows around them are not', () => {
    spool(dir, 'proxy-1').write([row('a')])
    const [file = ''] = readdirSync(dir)
    writeFileSync(
      join(dir, file),
      `${JSON.stringify(row('a'))}\nnull\n5\n{}\n{"attemptId":""}\n[]\n\u0000\n${JSON.stringify(row('b'))}\n{"attemptId":"c`,
    )
    expect(ids()).toEqual(['a', 'b'])
  })

  test('after an outage one file is in memory at a time, and what is not asked for is not read', () => {
    const one = spool(dir, 'proxy-1')
    for (const id of ['a', 'b', 'c']) one.write([row(id)])
    const files = readSpool(dir, NOW_MS)
    expect(files.next().value?.rows.length).toBe(1)
    for (const file of readdirSync(dir)) writeFileSync(join(dir, file), '')
    expect([...files].flatMap(({ rows }) => rows)).toEqual([])
  })

  test('an empty file is no obstacle and can be dropped', () => {
    mkdirSync(dir)
    writeFileSync(join(dir, 'proxy-1-0.endings.jsonl'), '')
    for (const file of readSpool(dir, NOW_MS)) dropSpooled(file)
    expect(readdirSync(dir)).toEqual([])
  })

  test('files of others are neither read nor dropped', () => {
    mkdirSync(dir)
    writeFileSync(join(dir, 'notes.txt'), JSON.stringify(row('a')))
    expect([...readSpool(dir, NOW_MS)]).toEqual([])
    expect(readFileSync(join(dir, 'notes.txt'), 'utf8')).toContain('"a"')
  })

  test('dropping twice, as two looks at the same moment would, is no error', () => {
    spool(dir, 'proxy-1').write([row('a')])
    const [file] = readSpool(dir, NOW_MS)
    if (!file) throw new Error('no file')
    dropSpooled(file)
    dropSpooled(file)
    expect(readdirSync(dir)).toEqual([])
  })
})
