// The fault laboratory in short: each row in one API and form, by turns. `npm run faultlab` plays all cells.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DEFECTS } from './defects.ts'
import { ELSEWHERE } from './elsewhere.ts'
import type { Expected } from './fault-case.ts'
import { CASES, runLab, shortJobs, type Verdict } from './lab.ts'
import { copySources, type SourceCopy } from './source-copy.ts'

setDefaultTimeout(60_000)

const JOBS = shortJobs(CASES)
let verdicts: readonly Verdict[] = []

beforeAll(async () => {
  verdicts = await runLab(JOBS)
})

describe('a fault is survived as it is written', () => {
  test.each(JOBS.map(({ row, cell }) => [`${row.id} ${cell.name}`]))('%s', (name) => {
    const verdict = verdicts.find(({ row, cell }) => `${row.id} ${cell.name}` === name)
    expect(verdict?.faults).toEqual([])
  })

  test('and nothing runs on when all are through', () => {
    expect(verdicts.map(({ row, cell }) => `${row.id} ${cell.name}`).toSorted()).toEqual(
      JOBS.map(({ row, cell }) => `${row.id} ${cell.name}`).toSorted(),
    )
  })
})

describe('the table of rows', () => {
  test('has no two rows of one name, so that each can be asked for', () => {
    const names = CASES.map(({ id, title }) => `${id} ${title}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test('states one charge for each log row', () => {
    const lengths = JOBS.map(({ row, cell }) => row.expect(cell)).map((stated: Expected) => [
      stated.rows.length,
      stated.money.length,
    ])
    for (const [rows, charges] of lengths) expect(charges).toBe(rows)
  })
})

describe('the list of faults', () => {
  const FAULTS = Array.from({ length: 33 }, (_, index) => `F${index + 1}`)

  test('has a row for each, or a line that says where it is proven or why it does not apply', () => {
    const named = new Set([...CASES, ...ELSEWHERE].map(({ id }) => id))
    expect(FAULTS.filter((id) => !named.has(id))).toEqual([])
  })

  test.each(ELSEWHERE.map((line) => [`${line.id} ${line.what}`, line] as const))('%s', (_, { files, why }) => {
    expect(files.filter((file) => !existsSync(join(import.meta.dir, '../../..', file)))).toEqual([])
    expect(files.length > 0 || (why ?? '') !== '').toBe(true)
  })
})

describe('the defects that the laboratory must find', () => {
  let copy: SourceCopy
  beforeAll(() => {
    copy = copySources()
  })
  afterAll(() => copy.remove())

  test.each(DEFECTS.map((defect) => [defect.name, defect] as const))(
    '%s: can still be planted',
    (_, { patch, rows }) => {
      expect(copy.fits(patch)).toBe(true)
      for (const part of rows) expect(CASES.some(({ title }) => title.includes(part))).toBe(true)
    },
  )
})
