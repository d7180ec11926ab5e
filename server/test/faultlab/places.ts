import { EXPIRED, SELF_SIGNED } from '../drills/tls-identities.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import type { Place } from './fault-case.ts'

type Opened = Readonly<Record<Exclude<Place, 'mock'>, string>>

const opened: { urls?: Opened; mocks: readonly Mock[]; silent?: { stop(closes: boolean): void } } = { mocks: [] }

/** Opens the addresses at which no channel can work. */
export async function openPlaces(): Promise<void> {
  if (opened.urls !== undefined) return
  const expired = await startMock({ tls: EXPIRED })
  const selfSigned = await startMock({ tls: SELF_SIGNED })
  const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  opened.mocks = [expired, selfSigned]
  opened.silent = silent
  opened.urls = {
    nowhere: 'http://no-such-host.invalid',
    closed: 'http://127.0.0.1:1', // of no service, and given to nobody who asks for a free port
    'expired-tls': expired.url,
    'self-signed-tls': selfSigned.url,
    'silent-tls': `https://127.0.0.1:${silent.port}`,
  }
}

export function closePlaces(): void {
  for (const mock of opened.mocks) mock.close()
  opened.silent?.stop(true)
  delete opened.urls
}

/** Base URL. Errors: throws before `openPlaces`. */
export function placeOf(place: Exclude<Place, 'mock'>): string {
  if (opened.urls === undefined) throw new Error('openPlaces comes first')
  return opened.urls[place]
}
