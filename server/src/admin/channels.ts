import {
  CHANNEL_ROUTES,
  type ChannelCreate,
  type ChannelUpdate,
  channelCreateBody,
  channelTypeName,
  channelUpdateBody,
  type Priorities,
  prioritiesBody,
} from '@ccload/contract/channels.ts'
import type { Change } from '../control/control.ts'
import type { ChannelDraft } from '../ports/channel-store.ts'
import { StoreError } from '../ports/store.ts'
import { changed } from './change.ts'
import { draftOf, patchOf } from './channel-draft.ts'
import { channelKeyEndpoints } from './channel-keys.ts'
import { channelModelEndpoints } from './channel-models.ts'
import { boardOf, type ChannelParts, INVALID_ID, NOT_FOUND, withChannel } from './channel-parts.ts'
import { channelListView, channelView } from './channel-view.ts'
import type { AdminDeps } from './deps.ts'
import { type Ask, type Endpoint, endpoint, endpointWithBody, idOf } from './endpoint.ts'
import { inTurn } from './in-turn.ts'
import { badRequest, done, type Refused, type Reply, refused } from './reply.ts'

/** The upstream accounts, with their keys and models. */
export function channelEndpoints(deps: AdminDeps): readonly Endpoint[] {
  const parts: ChannelParts = { ...deps, inTurn: inTurn() }
  return [
    endpoint(CHANNEL_ROUTES.list, ({ query }) => list(deps, query.get('type'))),
    endpointWithBody(CHANNEL_ROUTES.create, channelCreateBody, (body) => create(deps, body)),
    endpointWithBody(CHANNEL_ROUTES.setPriorities, prioritiesBody, (body) => setPriorities(deps, body)),
    endpoint(CHANNEL_ROUTES.get, (ask) =>
      withChannel(deps, ask, (channel) => done(channelView(channel, boardOf(deps)))),
    ),
    endpointWithBody(CHANNEL_ROUTES.update, channelUpdateBody, (body, ask) => update(parts, ask, body)),
    endpoint(CHANNEL_ROUTES.remove, (ask) => remove(parts, ask)),
    ...channelKeyEndpoints(parts),
    ...channelModelEndpoints(parts),
  ]
}

function list(deps: AdminDeps, typed: string | null): Reply {
  const wanted = (typed ?? '').trim().toLowerCase()
  const type = channelTypeName.safeParse(wanted)
  if (!type.success && wanted !== '' && wanted !== 'all') {
    return badRequest(`type must be one of all, ${channelTypeName.options.join(', ')}`)
  }
  const board = boardOf(deps)
  const channels = deps.control.channels().filter((channel) => !type.success || channel.type === type.data)
  const ordered = channels.toSorted((a, b) => b.priority - a.priority || a.id - b.id)
  return done(ordered.map((channel) => channelListView(channel, board)))
}

async function create(deps: AdminDeps, body: ChannelCreate): Promise<Reply> {
  const drafted = draftOf(body, deps.refuseAddress)
  if (!drafted.ok) return drafted.refused
  const change = await unlessTaken(body.name, deps.control.createChannel(drafted.draft))
  return 'ok' in change ? change : changed(channelView(change.value, boardOf(deps)), change, 201)
}

/** What may have healed a resting channel (address, keys, models, type) ends its rest. */
async function update({ inTurn, ...deps }: ChannelParts, ask: Ask, body: ChannelUpdate): Promise<Reply> {
  const { control } = deps
  return withChannel(deps, ask, ({ id, models }) => {
    if (body.models?.length === 0 && models.length > 0) return badRequest('models must name at least one model')
    const drafted = patchOf(body, deps.refuseAddress)
    if (!drafted.ok) return drafted.refused
    return inTurn(id, async () => {
      const change = await unlessTaken(body.name ?? '', control.updateChannel(id, drafted.draft))
      if ('ok' in change) return change
      if (change.value === undefined) return NOT_FOUND
      if (mayHeal(drafted.draft)) control.clearRest({ scope: 'channel', channelId: id })
      return changed(channelView(change.value, boardOf(deps)), change)
    })
  })
}

function mayHeal(patch: Partial<ChannelDraft>): boolean {
  return [patch.url, patch.apiKeys, patch.models, patch.type].some((part) => part !== undefined)
}

async function remove({ control, inTurn }: ChannelParts, ask: Ask): Promise<Reply> {
  const id = idOf(ask.params['id'])
  if (id === undefined) return INVALID_ID
  return inTurn(id, async () => {
    const change = await control.removeChannel(id)
    return change.value ? changed({ id }, change) : NOT_FOUND
  })
}

/**
 * Ids that are no channel (any more) are passed over: a page may be older than the list. A page sends all channels when
 * one was moved, so those that keep their priority cost nothing.
 */
async function setPriorities({ control }: AdminDeps, { updates }: Priorities): Promise<Reply> {
  if (updates.length === 0) return refused(400, 'updates cannot be empty')
  const wanted = [...new Map(updates.map(({ id, priority }) => [id, priority]))]
  const existing = wanted.filter(([id]) => control.channel(id) !== undefined)
  const moved = existing.filter(([id, priority]) => control.channel(id)?.priority !== priority)
  const changes = await Promise.all(moved.map(([id, priority]) => control.updateChannel(id, { priority })))
  const laggingProxies = [...new Set(changes.flatMap((change) => change.laggingProxies))]
  return changed({ updated: existing.length, total: updates.length }, { laggingProxies })
}

async function unlessTaken<T>(name: string, change: Promise<Change<T>>): Promise<Change<T> | Refused> {
  try {
    return await change
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'conflict') throw error
    return refused(409, `a channel named "${name}" already exists; choose another name`)
  }
}
