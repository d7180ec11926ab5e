import { type Api, apiOfPath, type ChannelType, channelTypeOf } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { isExpired, mayUseModel } from '../core/limits.ts'
import { ANY_MODEL } from '../core/match-model.ts'
import type { ApiToken, TokenLimits } from '../core/snapshot.ts'
import { sessionName } from '../link/seat-name.ts'
import { type BodyScan, isStreamPath, pathModel, scanBody } from '../protocol/body-scan.ts'
import { presentedToken, withoutKeyParam } from '../protocol/credentials.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client, Exchange } from './exchange.ts'
import { type Body, readBody, releaseBody } from './read-body.ts'
import { enterToken, mayComeFrom } from './token-limits.ts'
import { isUnpricedEverywhere } from './unpriced.ts'

/** What a client asks for, checked and understood. */
export type Asked = {
  readonly api: Api
  readonly type: ChannelType
  /** As the client wrote it; `*` when the request names none. */
  readonly model: string
  readonly streaming: boolean
  readonly body: Body
  readonly scan: BodyScan | undefined
  /** For the upstream: without our credentials and without limits meant for us. */
  readonly query: string
  /** Names the conversation, so that it stays where its prompt cache is. */
  readonly session: string | undefined
  /** A stored answer that only its maker knows. */
  readonly responseId: string | undefined
  /** The client's own patience, ms from the start of the request. */
  readonly patienceMs: number | undefined
  /** Not in all as the client sent it: what its upstream could not take is out. */
  readonly isRepaired?: true
}

export type Admitted = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly failure: Failure }

/** Who calls; also for the local answers, which need a token and nothing more. */
export function authenticate(deps: ProxyDeps, { client, secrets }: Exchange): ApiToken | Failure {
  const presented = presentedToken(client.request.headers, client.query)
  const token = presented === undefined ? undefined : deps.view().token(presented)
  if (presented !== undefined) secrets.push(presented)
  if (!token?.active) return { kind: 'unauthorized', expired: false }
  if (isExpired(token, deps.clock.nowMs())) return { kind: 'unauthorized', expired: true }
  return mayComeFrom(token.limits, client.ip) ? token : { kind: 'address-forbidden', address: client.ip }
}

/**
 * The checks in the order users rely on: who (done), size, sense, model, limits, path. Failures blame the client. What
 * is taken of the token's limits is given back by `exchange.leaveLimits`.
 */
export async function admit(deps: ProxyDeps, exchange: Exchange, token: ApiToken): Promise<Admitted> {
  const { client } = exchange
  const read = await readBody(client, deps, deps.limits.maxBodyBytes)
  if (!read.ok) return read
  const { body } = read
  const api = apiOfPath(client.path)
  const understood = check(api, client, { token, body, deps })
  let refused = 'kind' in understood ? understood : undefined
  if (!('kind' in understood) && token.limits !== undefined)
    refused = await enter(deps, exchange, { limits: token.limits, body, model: understood.model })
  if (refused === undefined && !('kind' in understood) && api !== undefined)
    return { ok: true, asked: askedOf(api, client, { understood, token, body }) }
  exchange.leaveLimits()
  releaseBody(deps.shared, body)
  return { ok: false, failure: refused ?? { kind: 'unsupported-path' } }
}

type Unchecked = { readonly token: ApiToken; readonly body: Body; readonly deps: ProxyDeps }

function check(api: Api | undefined, client: Client, { token, body, deps }: Unchecked): Understood | Failure {
  const understood = understand(api, client, body)
  if ('kind' in understood) return understood
  const { model } = understood
  if (!mayUseModel(token, model)) return { kind: 'model-forbidden', model }
  if (api === undefined || token.limits === undefined) return understood
  const isUnpriced = isUnpricedEverywhere(deps, token.limits, { type: channelTypeOf(api), model })
  return isUnpriced ? { kind: 'model-unpriced', model } : understood
}

type Entering = { readonly limits: TokenLimits; readonly body: Body; readonly model: string }

/** Takes what the token's limits have for it. */
async function enter(
  deps: ProxyDeps,
  exchange: Exchange,
  { limits, body, model }: Entering,
): Promise<Failure | undefined> {
  const entry = await enterToken(deps, limits, { model, bodyBytes: body.plain.length, client: exchange.client })
  if (!entry.ok) return entry.failure
  exchange.tokenHold = entry.leave
  return undefined
}

type Checked = { readonly understood: Understood; readonly token: ApiToken; readonly body: Body }

function askedOf(api: Api, client: Client, { understood, token, body }: Checked): Asked {
  const { model, scan } = understood
  const { headers } = client.request
  return {
    api,
    type: channelTypeOf(api),
    model,
    body,
    streaming: scan?.stream === true || isStreamPath(client.path),
    scan,
    query: client.query === '' ? '' : withoutLimits(withoutKeyParam(client.query)),
    patienceMs: patienceOf(client.query, headers),
    session: sessionOf(headers, scan, token),
    responseId: scan?.previousResponseId ?? storedResponse(client.path),
  }
}

type Understood = { readonly model: string; readonly scan: BodyScan | undefined }

function understand(api: Api | undefined, client: Client, body: Body): Understood | Failure {
  const scan = body.plain.length > 0 ? scanBody(body.plain) : undefined
  const mustHaveModel = client.method !== 'GET' && client.method !== 'HEAD' && !aboutStoredResponse(client.path, body)
  if (scan && 'fault' in scan) {
    return mustHaveModel
      ? { kind: 'bad-request', message: `invalid JSON or missing model: ${scan.message}` }
      : { model: ANY_MODEL, scan: undefined }
  }
  if (!mustHaveModel) return { model: scan?.model ?? ANY_MODEL, scan }
  const model = api === 'gemini' ? pathModel(client.path) : (scan?.model ?? pathModel(client.path))
  if (model === undefined || model === '') return { kind: 'bad-request', message: noModelMessage(api) }
  return { model, scan }
}

function noModelMessage(api: Api | undefined): string {
  if (api === 'gemini')
    return 'invalid JSON or missing model: the path must name one, as in /v1beta/models/<model>:generateContent'
  return 'invalid JSON or missing model: the body must be a JSON object with a string field "model"'
}

/** `/v1/responses/{id}` and `/v1/responses/{id}/cancel`: about an answer that exists, so no model is named. */
function aboutStoredResponse(path: string, body: Body): boolean {
  return body.bytes.length === 0 && storedResponse(path) !== undefined
}

const STORED = '/v1/responses/'

function storedResponse(path: string): string | undefined {
  if (!path.startsWith(STORED)) return undefined
  const id = /^\/v1\/responses\/([^/]+)/.exec(path)?.[1]
  return id === 'compact' ? undefined : id
}

const SESSION_HEADERS = ['session_id', 'x-session-id', 'conversation_id', 'x-claude-code-session-id'] as const

function sessionOf(headers: Headers, scan: BodyScan | undefined, token: ApiToken): string | undefined {
  let name = scan?.userId ?? scan?.promptCacheKey
  for (const header of SESSION_HEADERS) name ??= headers.get(header) ?? undefined
  return name ? sessionName(token.id, name) : undefined
}

/** Limits that a client sets for its own request bound that request only, and are nobody else's business. */
function withoutLimits(query: string): string {
  if (!query.includes('timeout_')) return query
  return query
    .split('&')
    .filter((pair) => !/^timeout_m?s(=|$)/.test(pair))
    .join('&')
}

/** The first limit that says something: in the query before the headers, milliseconds before seconds. */
function patienceOf(query: string, headers: Headers): number | undefined {
  const ms = headers.get('x-timeout-ms')
  const s = headers.get('x-timeout-s')
  if (!query.includes('timeout_')) return limitMs(ms, 1) ?? limitMs(s, 1000)
  const parameters = new URLSearchParams(query)
  return (
    limitMs(parameters.get('timeout_ms'), 1) ??
    limitMs(parameters.get('timeout_s'), 1000) ??
    limitMs(ms, 1) ??
    limitMs(s, 1000)
  )
}

function limitMs(text: string | null, unitMs: number): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) * unitMs : undefined
}
