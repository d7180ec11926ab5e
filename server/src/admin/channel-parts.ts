import type { StoredChannel } from '../ports/channel-store.ts'
import type { AdminDeps } from './deps.ts'
import { type Ask, idOf } from './endpoint.ts'
import type { inTurn } from './in-turn.ts'
import { type Reply, refused } from './reply.ts'
import { type RestBoard, restBoard } from './rest-board.ts'

export const INVALID_ID = refused(400, 'invalid channel id')
export const NOT_FOUND = refused(404, 'channel not found')

/** What the endpoints of channels share: `inTurn` is by channel id. */
export type ChannelParts = AdminDeps & { readonly inTurn: ReturnType<typeof inTurn> }

/** Calls `run` with the channel that the path names, or says that there is none. */
export function withChannel(
  { control }: Pick<AdminDeps, 'control'>,
  { params }: Pick<Ask, 'params'>,
  run: (channel: StoredChannel) => Promise<Reply> | Reply,
): Promise<Reply> | Reply {
  const id = idOf(params['id'])
  if (id === undefined) return INVALID_ID
  const channel = control.channel(id)
  return channel === undefined ? NOT_FOUND : run(channel)
}

export function boardOf({ control, clock }: Pick<AdminDeps, 'control' | 'clock'>): RestBoard {
  return restBoard(control.rests(), clock.nowMs())
}
