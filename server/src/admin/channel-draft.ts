import type { ChannelCreate, ChannelUpdate, ModelInput } from '@ccload/contract/channels.ts'
import type { ChannelDraft, StoredModel } from '../ports/channel-store.ts'
import { judgeChannelUrl } from './channel-url.ts'
import { keyListOf } from './key-list.ts'
import { badRequest, type Refused } from './reply.ts'

export type Drafted<Draft> =
  | { readonly ok: true; readonly draft: Draft }
  | { readonly ok: false; readonly refused: Refused }

type RefuseAddress = (url: URL) => string | undefined

/** A new channel out of a body that fits the schema; what was left out has its default. */
export function draftOf(body: ChannelCreate, refuseAddress: RefuseAddress): Drafted<ChannelDraft> {
  if (body.api_key === undefined && body.api_keys === undefined) return wrong('api_key is missing')
  const patch = patchOf(body, refuseAddress)
  if (!patch.ok) return patch
  return {
    ok: true,
    draft: {
      name: body.name,
      type: 'anthropic',
      url: '',
      priority: 0,
      enabled: true,
      keyStrategy: 'sequential',
      dailyCostLimitUsd: 0,
      costMultiplier: 1,
      rpmLimit: 0,
      maxConcurrency: 0,
      askForUsage: false,
      apiKeys: [],
      models: [],
      ...patch.draft,
    },
  }
}

/** What a body changes; only what it names is in the patch. */
export function patchOf(body: ChannelUpdate, refuseAddress: RefuseAddress): Drafted<Partial<ChannelDraft>> {
  const url = body.url === undefined ? undefined : judgeChannelUrl(body.url, refuseAddress)
  if (url?.ok === false) return wrong(url.message, url.suggestedUrl)
  const apiKeys = keysOf(body)
  if (apiKeys?.ok === false) return apiKeys
  const repeated = repeatedModel(body.models ?? [])
  if (repeated !== undefined) return wrong(`models: "${repeated}" is listed twice`)
  return {
    ok: true,
    draft: {
      ...(body.name === undefined ? {} : { name: body.name }),
      ...(body.channel_type === undefined ? {} : { type: body.channel_type }),
      ...(url === undefined ? {} : { url: url.url }),
      ...(body.priority === undefined ? {} : { priority: body.priority }),
      ...(body.enabled === undefined ? {} : { enabled: body.enabled }),
      ...(body.key_strategy === undefined ? {} : { keyStrategy: body.key_strategy }),
      ...limitsOf(body),
      ...(apiKeys === undefined ? {} : { apiKeys: apiKeys.draft }),
      ...(body.models === undefined ? {} : { models: body.models.map(storedModel) }),
    },
  }
}

function limitsOf(body: ChannelUpdate): Partial<ChannelDraft> {
  return {
    ...(body.daily_cost_limit === undefined ? {} : { dailyCostLimitUsd: body.daily_cost_limit }),
    ...(body.cost_multiplier === undefined ? {} : { costMultiplier: body.cost_multiplier }),
    ...(body.rpm_limit === undefined ? {} : { rpmLimit: body.rpm_limit }),
    ...(body.max_concurrency === undefined ? {} : { maxConcurrency: body.max_concurrency }),
    ...(body.ask_for_usage === undefined ? {} : { askForUsage: body.ask_for_usage }),
  }
}

/** A redirect to the model itself is none. */
export function storedModel({ model, redirect_model = '' }: ModelInput): StoredModel {
  return { name: model, redirect: redirect_model === model ? '' : redirect_model }
}

/** The first name that stands twice. Names that differ in case are two models: upstreams tell them apart. */
export function repeatedModel(models: readonly ModelInput[]): string | undefined {
  const seen = new Set<string>()
  for (const { model } of models) {
    if (seen.has(model)) return model
    seen.add(model)
  }
  return undefined
}

function keysOf({ api_key, api_keys }: ChannelUpdate): Drafted<readonly string[]> | undefined {
  if (api_key !== undefined && api_keys !== undefined) return wrong('give either api_key or api_keys, not both')
  const typed = api_keys ?? api_key
  if (typed === undefined) return undefined
  const list = keyListOf(typed)
  const field = api_keys === undefined ? 'api_key' : 'api_keys'
  if (!list.ok) return wrong(`${field}: ${list.message}`)
  if (list.keys.length === 0) return wrong(`${field} must not be blank; leave it out to keep the stored keys`)
  return { ok: true, draft: list.keys }
}

function wrong(message: string, suggestedUrl?: string): { ok: false; refused: Refused } {
  return {
    ok: false,
    refused: badRequest(message, suggestedUrl === undefined ? null : { suggested_url: suggestedUrl }),
  }
}
