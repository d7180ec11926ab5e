import { CHANNEL_ROUTES, type ModelsBody, modelsBody } from '@ccload/contract/channels.ts'
import { changed } from './change.ts'
import { repeatedModel, storedModel } from './channel-draft.ts'
import { type ChannelParts, NOT_FOUND, withChannel } from './channel-parts.ts'
import { type Ask, type Endpoint, endpointWithBody } from './endpoint.ts'
import { badRequest, type Reply } from './reply.ts'

export function channelModelEndpoints(parts: ChannelParts): readonly Endpoint[] {
  return [
    endpointWithBody(CHANNEL_ROUTES.addModels, modelsBody, (body, ask) => add(parts, ask, body)),
    endpointWithBody(CHANNEL_ROUTES.removeModels, modelsBody, (body, ask) => remove(parts, ask, body)),
  ]
}

/** Adds those whose name is not there yet, at the end; the others stay as they are. */
function add(parts: ChannelParts, ask: Ask, { models }: ModelsBody): Promise<Reply> | Reply {
  const { control, inTurn } = parts
  const repeated = repeatedModel(models)
  if (repeated !== undefined) return badRequest(`models: "${repeated}" is listed twice`)
  return withChannel(parts, ask, ({ id }) =>
    inTurn(id, async () => {
      const before = control.channel(id)?.models ?? []
      const known = new Set(before.map((model) => model.name))
      const fresh = models.map(storedModel).filter((model) => !known.has(model.name))
      const change = await control.updateChannel(id, { models: [...before, ...fresh] })
      return change.value === undefined ? NOT_FOUND : changed({ total: change.value.models.length }, change)
    }),
  )
}

/** May remove the last one: the channel then serves nothing but stays. */
function remove(parts: ChannelParts, ask: Ask, { models }: ModelsBody): Promise<Reply> | Reply {
  const { control, inTurn } = parts
  const gone = new Set(models.map(({ model }) => model))
  return withChannel(parts, ask, ({ id }) =>
    inTurn(id, async () => {
      const kept = (control.channel(id)?.models ?? []).filter((model) => !gone.has(model.name))
      const change = await control.updateChannel(id, { models: kept })
      return change.value === undefined ? NOT_FOUND : changed({ remaining: change.value.models.length }, change)
    }),
  )
}
