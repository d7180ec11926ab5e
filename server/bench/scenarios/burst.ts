import { KeptConnection } from '../lib/kept-connection.ts'
import { alternate, type Lab, type Side, withPair } from '../lib/lab.ts'
import { requestBytes } from '../lib/request-text.ts'
import type { Figure } from '../lib/table.ts'
import { runWrk } from '../lib/wrk.ts'

const SIZES = [200, 1_000] as const
const REST_MS = 300

/** All clients come back at once: how long until everybody is answered. */
export function burst(lab: Lab): Promise<readonly Figure[]> {
  return withPair(lab, { flags: ['--bench'] }, async (pair) => {
    for (const { port, token } of [pair.nginx, pair.gateway]) {
      const asked = { token, bodyBytes: 1_024 }
      await runWrk({ folder: lab.folder, port, connections: 32, seconds: lab.warmUpSeconds, asked })
    }
    const figures: Figure[] = []
    for (const size of SIZES) {
      const both = await alternate(lab, pair, (side) => allAnsweredMs(side, size))
      figures.push({ scenario: 'burst', what: `${size} new connections`, unit: 'ms', ...both })
    }
    return figures
  })
}

/** Errors: rejects when one is refused or not answered with 200. */
async function allAnsweredMs({ port, token }: Side, connections: number): Promise<number> {
  const request = requestBytes({ token, bodyBytes: 1_024 })
  const beganMs = performance.now()
  const opened = await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await KeptConnection.open(port)
      await connection.ask(request)
      return connection
    }),
  )
  const tookMs = performance.now() - beganMs
  for (const connection of opened) connection.close()
  await Bun.sleep(REST_MS)
  return tookMs
}
