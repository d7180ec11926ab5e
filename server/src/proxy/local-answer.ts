import type { ChannelType } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { mayUseModel } from '../core/limits.ts'
import type { ApiToken } from '../core/snapshot.ts'
import { type ModelListDialect, modelEntry, modelList, modelListDialect } from '../protocol/model-list.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'

const TYPES: Readonly<Record<ModelListDialect, readonly ChannelType[]>> = {
  gemini: ['gemini'],
  anthropic: ['anthropic'],
  openai: ['openai', 'codex'],
}

/** What we can answer without an upstream: the lists of models; and what we cannot serve at all. */
export function localAnswer(deps: ProxyDeps, exchange: Exchange, token: ApiToken): Response | Failure | undefined {
  const { path, method, request } = exchange.client
  if (request.headers.has('upgrade') && request.headers.get('upgrade')?.toLowerCase() === 'websocket')
    return { kind: 'upgrade-required' }
  if (method !== 'GET') return undefined
  if (path !== '/v1/models' && path !== '/v1beta/models') return oneModel(deps, exchange, token)
  const dialect = modelListDialect(request.headers, path)
  return json(modelList(dialect, usable(deps, dialect, token)), exchange.id)
}

/** `GET /v1/models/{id}`: our own list again; Gemini's `/v1beta/models/{id}` is a question to the upstream. */
function oneModel(deps: ProxyDeps, { client, id: requestId }: Exchange, token: ApiToken): Response | undefined {
  const { path, request } = client
  const id = /^\/v1\/models\/([^/:]+)$/.exec(path)?.[1]
  if (id === undefined) return undefined
  const dialect = modelListDialect(request.headers, path)
  const name = decodeURIComponentSafely(id)
  if (!usable(deps, dialect, token).includes(name)) return undefined
  return json(JSON.stringify(modelEntry(dialect, name)), requestId)
}

function usable(deps: ProxyDeps, dialect: ModelListDialect, token: ApiToken): readonly string[] {
  const ids = token.limits?.channelIds ?? []
  const only = ids.length === 0 ? undefined : ids
  const names = new Set(TYPES[dialect].flatMap((type) => deps.view().models(type, only)))
  return [...names].filter((name) => mayUseModel(token, name)).sort()
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray percent sign names itself
  }
}

function json(body: string, requestId: string): Response {
  return new Response(body, {
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-ccload-request-id': requestId },
  })
}
