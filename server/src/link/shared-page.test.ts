import { afterAll, describe, expect, test } from 'bun:test'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metersContract } from './meters.contract.ts'
import { type OpenShared, sharedContract } from './shared.contract.ts'
import { MAX_CELLS, MAX_PROXIES, MAX_ROWS, PAGE_BYTES, SharedPage } from './shared-page.ts'

const NOW_MS = 1_790_000_000_000
const EPOCH_MS = NOW_MS - 31 * 86_400_000
const CHILD = join(import.meta.dir, '../../test/drills/page-child.ts')
const WITNESS_BYTES = 4_096
const MOST_INSIDE = 2
const TORN = 3
const REFUSED = 4
const LIMIT = 2
const METER = 5
const MINUTE_LIMIT = 77_777
const HELD_LIMIT = 3

const dir = mkdtempSync(join(tmpdir(), 'shared-page-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
let files = 0

for (const contract of [sharedContract, metersContract]) {
  contract('plain memory', plain)
  contract('mapped file', mapped)
}

function plain(): OpenShared {
  const memory = new Uint8Array(PAGE_BYTES)
  SharedPage.format(memory, EPOCH_MS)
  return {
    one: new SharedPage(memory, 0),
    other: new SharedPage(memory, 1),
    otherRow: 1,
    nowMs: NOW_MS,
    close: () => {},
  }
}

function mapped(): OpenShared {
  const path = newFile(PAGE_BYTES)
  SharedPage.format(Bun.mmap(path, { shared: true }), EPOCH_MS)
  const page = (row: number) => new SharedPage(Bun.mmap(path, { shared: true }), row)
  return {
    one: page(0),
    other: page(MAX_ROWS - 1),
    otherRow: MAX_ROWS - 1,
    nowMs: NOW_MS,
    close: () => rmSync(path),
  }
}

describe('two processes on one page', () => {
  test('turns are exact: each number is taken once, none is left out', async () => {
    const count = 200_000
    const { results } = await twoAtOnce('turns', count)
    const all = Int32Array.from(results.flat() as number[]).sort()
    expect(all.length).toBe(2 * count)
    expect(all.every((turn, at) => turn === at)).toBe(true)
  })

  test('never more inside than the limit, as a witness beside the page counts them, and none is left inside', async () => {
    const { witness, page } = await twoAtOnce('slots', 200_000)
    expect(witness[MOST_INSIDE]).toBe(LIMIT)
    expect(witness[REFUSED]).toBeGreaterThan(0) // they did meet
    expect(page.running()).toBe(0)
  })

  test('never more in the places of a meter than its limit, none is left in them, and nobody is refused for nothing', async () => {
    const { witness, page } = await twoAtOnce('places', 200_000)
    expect(witness[MOST_INSIDE]).toBe(LIMIT)
    expect(witness[REFUSED]).toBeGreaterThan(0)
    expect(witness[TORN]).toBe(0) // with room for both
    expect(page.meters.inside(METER)).toBe(0)
  })

  test('a minute counts each request once: exactly as many as its limit get through', async () => {
    const { results } = await twoAtOnce('minute', 100_000)
    expect((results as number[]).reduce((sum, got) => sum + got, 0)).toBe(MINUTE_LIMIT)
  })

  test('holds of both never pass what one may hold, and none is left', async () => {
    const { witness, page } = await twoAtOnce('holds', 50_000)
    expect(page.meters.held(METER)).toBe(0)
    expect(witness[MOST_INSIDE]).toBe(HELD_LIMIT)
  })

  test('memory that both reserve and release comes out at zero', async () => {
    const { results, page } = await twoAtOnce('memory', 200_000)
    expect(Math.min(...(results as number[]))).toBeGreaterThan(0)
    expect(page.reservedBytes()).toBe(0)
  })

  test('rests move whole and no change is lost', async () => {
    const count = 50_000
    const { witness, page } = await twoAtOnce('rests', count)
    const rest = page.rest(77)
    expect(witness[TORN]).toBe(0)
    expect((rest?.untilMs ?? 0) - (rest?.sinceMs ?? 0)).toBe(2 * count * 1_000)
  })

  test('what a killed process held is given back by its row', async () => {
    const { pagePath, page, witnessPath } = newPage()
    new Int32Array(Bun.mmap(witnessPath, { shared: true }).buffer)[0] = 1 // it need not wait for a second one
    const child = run([pagePath, '7', witnessPath, 'hold', '4'])
    const reader = child.stdout.getReader()
    await reader.read() // it holds
    expect([page.running(), page.waiting(), page.reservedBytes() > 4_999_999]).toEqual([4, 1, true])
    child.kill('SIGKILL')
    await child.exited
    expect(page.running()).toBe(4) // nothing comes back by itself
    expect([page.meters.inside(METER), page.meters.held(METER)]).toEqual([4, 4])
    page.forget(7)
    expect([page.running(), page.waiting(), page.reservedBytes()]).toEqual([0, 0, 0])
    expect([page.meters.inside(METER), page.meters.held(METER)]).toEqual([0, 0])
  })
})

describe('a page that cannot be', () => {
  test('memory that is too small is refused at once, not at the first cell past its end', () => {
    expect(() => new SharedPage(new Uint8Array(PAGE_BYTES - 1), 0)).toThrow(RangeError)
  })

  test('the last cell and the last row are inside the page', () => {
    const memory = new Uint8Array(PAGE_BYTES)
    SharedPage.format(memory, EPOCH_MS)
    const page = new SharedPage(memory, MAX_ROWS - 1)
    page.changeRest(MAX_CELLS - 1, () => ({ sinceMs: NOW_MS, untilMs: NOW_MS + 1_000 }))
    expect(page.enter(1)).toBe(true)
    expect(page.rest(MAX_CELLS - 1)).toEqual({ sinceMs: NOW_MS, untilMs: NOW_MS + 1_000 })
    expect([page.running(), new SharedPage(memory, 0).running()]).toEqual([1, 1])
  })
})

async function twoAtOnce(job: string, count: number) {
  const { pagePath, page, witnessPath } = newPage()
  const children = [1, 2].map((row) => run([pagePath, String(row), witnessPath, job, String(count)]))
  const results = await Promise.all(children.map(async (child) => JSON.parse(await child.stdout.text()) as unknown))
  expect(await Promise.all(children.map((child) => child.exited))).toEqual([0, 0])
  return { results, page, witness: new Int32Array(Bun.mmap(witnessPath, { shared: true }).buffer) }
}

function newPage() {
  const pagePath = newFile(PAGE_BYTES)
  SharedPage.format(Bun.mmap(pagePath, { shared: true }), Date.now() - 31 * 86_400_000)
  return {
    pagePath,
    page: new SharedPage(Bun.mmap(pagePath, { shared: true }), 0),
    witnessPath: newFile(WITNESS_BYTES),
  }
}

function run(args: readonly string[]) {
  return Bun.spawn([process.execPath, CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function newFile(bytes: number): string {
  const path = join(dir, `file-${files++}`)
  const fd = openSync(path, 'wx')
  ftruncateSync(fd, bytes) // sparse, as the real one is
  closeSync(fd)
  return path
}

test('as many proxies as may be set, and as many that replace them, have rows of their own; one more is refused', () => {
  const memory = new Uint8Array(PAGE_BYTES)
  SharedPage.format(memory, 0)
  const last = new SharedPage(memory, 2 * MAX_PROXIES) // rows count from 1
  expect([last.enter(1), last.meters.enter(5, 1), last.meters.inside(6)]).toEqual([true, true, 0])
  expect(() => new SharedPage(memory, MAX_ROWS)).toThrow(RangeError)
})
