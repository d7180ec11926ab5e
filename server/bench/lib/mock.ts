import { join } from 'node:path'
import type { Lab } from './lab.ts'
import { freePort, MEASURING_CORE, type Pinned, untilUp } from './processes.ts'

const MAIN = join(import.meta.dir, '../../test/mock-upstream/main.ts')
const START_WITHIN_MS = 10_000

export type MockProcess = Pinned & { readonly port: number; readonly url: string }
export type MockOptions = { readonly flags?: readonly string[]; readonly isTls?: boolean }

/** The mock upstream in a process of its own, on the core of what measures. */
export async function startMock(lab: Lab, { flags = [], isTls = false }: MockOptions = {}): Promise<MockProcess> {
  const port = freePort()
  const tls = isTls ? certificate(lab.folder) : []
  const pinned = lab.processes.start({
    name: 'the mock upstream',
    core: MEASURING_CORE,
    argv: [process.execPath, '--no-env-file', MAIN, '--port', String(port), '--quiet', ...flags, ...tls],
    logFile: join(lab.folder, 'mock.log'),
  })
  const url = `${isTls ? 'https' : 'http'}://127.0.0.1:${port}`
  const isUp = () =>
    fetch(`${url}/_mock/count`, { tls: { rejectUnauthorized: false } }).then(
      ({ ok }) => ok,
      () => false,
    )
  await untilUp(pinned, isUp, START_WITHIN_MS)
  return { ...pinned, port, url }
}

/** A self-signed certificate, as flags of the mock. Errors: throws what openssl says. */
function certificate(folder: string): readonly string[] {
  const cert = join(folder, 'mock.crt')
  const key = join(folder, 'mock.key')
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const made = Bun.spawnSync(['openssl', 'req', ...kind, ...name, '-keyout', key, '-out', cert])
  if (made.exitCode !== 0) throw new Error(`openssl: ${made.stderr.toString()}`)
  return ['--cert', cert, '--key', key]
}
