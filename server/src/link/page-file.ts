import { randomBytes } from 'node:crypto'
import { accessSync, closeSync, constants, ftruncateSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PAGE_BYTES, SharedPage } from './shared-page.ts'

const MONTH_MS = 31 * 86_400_000
const OWNER_ONLY = 0o600
const MEMORY_DIR = '/dev/shm' // never written back to a disk

/** Where page files live. */
export const PAGE_DIR = memoryDir()

/** Makes the file behind the shared page. @returns Its path, to be given to the proxy processes. */
export function createPageFile(nowMs: number): string {
  const path = join(PAGE_DIR, `ccload-${process.pid}-${randomBytes(4).toString('hex')}`)
  const fd = openSync(path, 'wx', OWNER_ONLY)
  ftruncateSync(fd, PAGE_BYTES)
  closeSync(fd)
  SharedPage.format(mapPage(path), nowMs - MONTH_MS)
  return path
}

export function mapPage(path: string): Uint8Array {
  return Bun.mmap(path, { shared: true })
}

/** After this the page lives on in those who mapped it, and goes with the last of them. */
export function unlinkPageFile(path: string): void {
  rmSync(path, { force: true })
}

/** The page of a single process. */
export function plainPage(nowMs: number): SharedPage {
  const memory = new Uint8Array(PAGE_BYTES)
  SharedPage.format(memory, nowMs - MONTH_MS)
  return new SharedPage(memory, 0)
}

function memoryDir(): string {
  try {
    accessSync(MEMORY_DIR, constants.W_OK)
    return MEMORY_DIR
  } catch {
    return tmpdir() // no such directory here (macOS), or a container without it
  }
}
