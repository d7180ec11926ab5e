import { CHANNEL_ROUTES } from '@ccload/contract/channels.ts'
import { changed } from './change.ts'
import { boardOf, type ChannelParts, NOT_FOUND, withChannel } from './channel-parts.ts'
import { keysView } from './channel-view.ts'
import { type Ask, type Endpoint, endpoint } from './endpoint.ts'
import { done, type Reply, refused } from './reply.ts'

export function channelKeyEndpoints(parts: ChannelParts): readonly Endpoint[] {
  return [
    endpoint(CHANNEL_ROUTES.keys, (ask) => reveal(parts, ask)),
    endpoint(CHANNEL_ROUTES.removeKey, (ask) => removeKey(parts, ask)),
  ]
}

/** An index in the path, from 0. `undefined` when it is none. */
export function keyIndexOf({ params }: Pick<Ask, 'params'>): number | undefined {
  const text = params['keyIndex'] ?? ''
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

/** The one answer with keys in it; each is written down. */
function reveal(parts: ChannelParts, ask: Ask): Promise<Reply> | Reply {
  return withChannel(parts, ask, (channel) => {
    parts.log.write('info', 'channel keys revealed', { channelId: channel.id, count: channel.keys.length, ip: ask.ip })
    return done(keysView(channel, boardOf(parts)))
  })
}

/** Indices above it move down by one. */
function removeKey(parts: ChannelParts, ask: Ask): Promise<Reply> | Reply {
  const { control, inTurn } = parts
  return withChannel(parts, ask, ({ id }) => {
    const index = keyIndexOf(ask)
    if (index === undefined) return refused(400, 'invalid key index')
    return inTurn(id, async () => {
      const keys = control.channel(id)?.keys ?? []
      if (keys.length === 0) return refused(404, 'channel has no keys')
      if (!keys.some((key) => key.index === index)) return refused(404, 'key not found')
      const apiKeys = keys.filter((key) => key.index !== index).map((key) => key.apiKey)
      const change = await control.updateChannel(id, { apiKeys })
      return change.value === undefined ? NOT_FOUND : changed({ remaining_keys: change.value.keys.length }, change)
    })
  })
}
