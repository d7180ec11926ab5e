import { join } from 'node:path'
import { type Child, freePort, startChild, until } from './child.ts'
import { pinned } from './machine.ts'
import type { Place } from './place.ts'

export type Mock = { readonly port: number; readonly url: string; readonly child: Child }

/** Starts the mock upstream beside the load. @param args  Such as `['--bench', '--events', '100']`. */
export async function startMock(place: Place, args: readonly string[]): Promise<Mock> {
  const port = freePort()
  const program = join(place.root, 'server/test/mock-upstream/main.ts')
  const child = startChild(
    pinned(place.cores?.load, [process.execPath, '--no-env-file', program, '--quiet', '--port', String(port), ...args]),
    { logPath: join(place.dir, 'mock.log'), cwd: place.dir },
  )
  const url = `${args.includes('--cert') ? 'https' : 'http'}://127.0.0.1:${port}`
  await until(() => answers(url), 5_000, 'the mock upstream does not answer')
  return { port, url, child }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v1/models`, { tls: { rejectUnauthorized: false } })).ok
  } catch {
    return false // not yet
  }
}
