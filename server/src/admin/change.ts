import type { Change } from '../control/control.ts'
import { type Done, done } from './reply.ts'

/**
 * The answer to a change that was stored. When proxies have not taken it over in time it says which, in a header: the
 * change itself is made, and those proxies are being replaced.
 */
export function changed(
  data: unknown,
  { laggingProxies }: Pick<Change<unknown>, 'laggingProxies'>,
  status: 200 | 201 = 200,
): Done {
  const headers: Record<string, string> =
    laggingProxies.length === 0 ? {} : { 'x-ccload-lagging-proxies': laggingProxies.join(',') }
  return done(data, { status, headers })
}
