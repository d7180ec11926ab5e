import { maskKey } from '../core/secret.ts'
import type { Channel, ChannelKey } from '../core/snapshot.ts'
import type { Match } from '../core/standee.ts'
import type { Ask } from '../ports/upstream-send.ts'
import { askForUsage, type Edit, spliced } from '../protocol/ask-for-usage.ts'
import { splicePathModel } from '../protocol/body-scan.ts'
import { credentialHeaders } from '../protocol/credentials.ts'
import type { Asked } from './admit.ts'
import { noUsage } from './exchange.ts'
import { askHeaders } from './headers.ts'
import { mayKeepAlive } from './keep-alive.ts'
import type { Leg } from './trip.ts'

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
  exchange.usageSoFar = noUsage
}

/** Whether this channel is asked for the usage of a streamed chat although the client has not done so. */
export function asksForUsage({ asked, target }: Pick<Leg, 'asked' | 'target'>): boolean {
  return target.channel.askForUsage && asked.streaming && asked.api === 'chat' && asked.scan?.includeUsage === false
}

/** The client's bytes with another model name in them, or a question for usage, or just as they came. */
export function askOf(leg: Leg, strip: readonly string[]): Ask {
  const { deps, exchange, asked, target } = leg
  const { channel, key, match } = target
  const { client } = exchange
  const model = upstreamModel(match, asked)
  const headers = askHeaders(client.request.headers, strip)
  const isChanged = asksForUsage(leg) || mayKeepAlive(asked, deps.view().settings)
  if (isChanged) headers['accept-encoding'] = 'identity' // what we put in or take out fits in no other
  const path = asked.api === 'gemini' && model !== asked.model ? splicePathModel(client.path, model) : client.path
  return {
    method: client.method,
    base: channel.url,
    url: `${channel.url}${path}${asked.query === '' ? '' : `?${asked.query}`}`,
    headers,
    body: bodyFor(leg, model, headers),
    key: key.secret,
    keyHeaders: credentialHeaders(asked.api),
  }
}

function bodyFor(leg: Leg, model: string, headers: Record<string, string>): Uint8Array | undefined {
  const { body, scan, isRepaired } = leg.asked
  if (body.bytes.length === 0) return undefined
  if (isRepaired) delete headers['content-encoding'] // it was taken apart, and is sent plain
  const edits = editsFor(leg, model)
  if (scan === undefined || edits.length === 0) return body.bytes
  delete headers['content-encoding'] // the changed body is sent plain
  return spliced(body.plain, edits)
}

const NO_EDITS: readonly Edit[] = []

function editsFor(leg: Leg, model: string): readonly Edit[] {
  const { asked } = leg
  const { scan } = asked
  const isOther = model !== asked.model && scan?.modelRange !== undefined && asked.api !== 'gemini'
  const isAsking = asksForUsage(leg)
  if (!scan || !(isOther || isAsking)) return NO_EDITS
  const edits: Edit[] = []
  if (isOther && scan.modelRange) edits.push({ ...scan.modelRange, text: JSON.stringify(model) })
  if (isAsking) edits.push(askForUsage(asked.body.plain, scan))
  return edits
}
