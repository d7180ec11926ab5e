import { maskKey } from '../core/secret.ts'
import type { Channel, ChannelKey } from '../core/snapshot.ts'
import type { Ask } from '../ports/upstream-send.ts'
import { spliceModel, splicePathModel } from '../protocol/body-scan.ts'
import { credentialHeaders } from '../protocol/credentials.ts'
import type { Asked } from './admit.ts'
import { askHeaders } from './headers.ts'
import type { Leg } from './trip.ts'
import type { Match } from './view.ts'

/** One channel, one key: whom an attempt asks. */
export type Target = { readonly channel: Channel; readonly key: ChannelKey; readonly match: Match }

/** What the upstream is asked for: the redirect of the matched entry, else its name, else what the client wrote. */
export function upstreamModel(match: Match, asked: Asked): string {
  return match.model ? match.model.redirect || match.model.name : asked.model
}

/** Notes in the exchange whom it asks now. */
export function aimAt({ exchange, asked, target }: Leg): void {
  const model = upstreamModel(target.match, asked)
  exchange.channel = target.channel
  exchange.actualModel = model === asked.model ? '' : model
  exchange.keyUsed = maskKey(target.key.secret.open())
  exchange.bytesReceived = 0
  exchange.firstByteMs = 0
  exchange.usageSoFar = () => ({})
}

/** The client's bytes with another model name in them, or just as they came. */
export function askOf({ exchange, asked, target }: Leg, strip: readonly string[]): Ask {
  const { channel, key, match } = target
  const { client } = exchange
  const model = upstreamModel(match, asked)
  const headers = askHeaders(client.request.headers, strip)
  const path = asked.api === 'gemini' && model !== asked.model ? splicePathModel(client.path, model) : client.path
  return {
    method: client.method,
    base: channel.url,
    url: `${channel.url}${path}${asked.query === '' ? '' : `?${asked.query}`}`,
    headers,
    body: bodyFor(asked, model, headers),
    key: key.secret,
    keyHeaders: credentialHeaders(asked.api),
  }
}

function bodyFor(asked: Asked, model: string, headers: Record<string, string>): Uint8Array | undefined {
  const { body, scan } = asked
  if (body.bytes.length === 0) return undefined
  if (model === asked.model || scan?.modelRange === undefined || asked.api === 'gemini') return body.bytes
  delete headers['content-encoding'] // the changed body is sent plain
  return spliceModel(body.plain, scan.modelRange, model)
}
