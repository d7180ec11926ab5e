import { SIMULATE_ROUTE, type SimulateBody, type Simulation, simulateBody } from '@ccload/contract/simulate.ts'
import type { Simulated, SimulatedStep } from '../control/control.ts'
import { apiOfPath, type ChannelType, channelTypeOf } from '../core/channel-type.ts'
import { maskKey } from '../core/secret.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpointWithBody } from './endpoint.ts'
import { badRequest, done, type Refused, type Reply, refused } from './reply.ts'
import { skipView } from './skip-words.ts'

const MAX_LEFT_OUT = 100
const MODEL_IN_PATH = /\/models\/([^/:]+)/

/** How a request would go, without sending anything or taking a turn. */
export function simulateEndpoints(deps: AdminDeps): readonly Endpoint[] {
  return [endpointWithBody(SIMULATE_ROUTE, simulateBody, (body) => run(deps, body))]
}

function run({ control }: AdminDeps, body: SimulateBody): Reply {
  const asked = askedBy(body)
  if ('ok' in asked) return asked
  const { token_id: tokenId, session } = body
  const simulated = control.simulate({
    ...asked,
    ...(tokenId !== undefined && { tokenId }),
    ...(session !== undefined && { session }),
  })
  if (simulated === undefined) return refused(404, 'token not found')
  return done(view(simulated, asked, control), { count: simulated.order.length })
}

type Asked = { readonly type: ChannelType; readonly model: string }

function askedBy({ type, path, model, token_id, session }: SimulateBody): Asked | Refused {
  const api = path === undefined ? undefined : apiOfPath(path.replace(/\?.*$/s, ''))
  if (path !== undefined && api === undefined) return badRequest('path: no API is served there')
  const ofPath = api && channelTypeOf(api)
  if (type !== undefined && ofPath !== undefined && type !== ofPath) {
    return badRequest(`type: this path is served by channels of type ${ofPath}`)
  }
  const wanted = type ?? ofPath
  if (wanted === undefined) return badRequest('type: type or path is needed')
  const named = model ?? (path && MODEL_IN_PATH.exec(path)?.[1])
  if (!named) return badRequest('model: must be a model, or * for requests that name none')
  if (session !== undefined && token_id === undefined)
    return badRequest('session: needs token_id: sessions belong to a token')
  return { type: wanted, model: named }
}

function view(simulated: Simulated, { type, model }: Asked, control: AdminDeps['control']): Simulation {
  const { order, skipped, leftOut, isLastResort, seatChannelId, tokenRefused } = simulated
  return {
    channel_type: type,
    model,
    ...(tokenRefused !== undefined && { token_refused: tokenRefused }),
    order: order.flatMap((step) => stepView(step, seatChannelId, control) ?? []),
    skipped: skipped.map((skip) => skipView(skip, control)),
    left_out: leftOut.slice(0, MAX_LEFT_OUT).map((left) => skipView(left, control)),
    more_left_out: Math.max(0, leftOut.length - MAX_LEFT_OUT),
    last_resort: isLastResort,
  }
}

function stepView(
  step: SimulatedStep,
  seatChannelId: number | undefined,
  control: AdminDeps['control'],
): Simulation['order'][number] | undefined {
  const channel = control.channel(step.channelId)
  if (channel === undefined) return undefined
  return {
    channel_id: channel.id,
    channel_name: channel.name,
    priority: channel.priority,
    effective_priority: step.effectivePriority,
    weight: step.weight,
    asked_model: step.asksModel,
    keys: step.keyIndexes.map((index) => ({
      key_index: index,
      api_key: maskKey(channel.keys.find((key) => key.index === index)?.apiKey ?? ''),
    })),
    has_seat: channel.id === seatChannelId,
    is_full: step.isFull,
  }
}
