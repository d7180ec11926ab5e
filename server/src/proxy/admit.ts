import { type Api, apiOfPath, type ChannelType, channelTypeOf } from '../core/channel-type.ts'
import type { Failure } from '../core/failure.ts'
import { costLimitReached, isExpired, mayUseModel } from '../core/limits.ts'
import { ANY_MODEL } from '../core/match-model.ts'
import type { ApiToken } from '../core/snapshot.ts'
import { type BodyScan, isStreamPath, pathModel, scanBody } from '../protocol/body-scan.ts'
import { presentedToken, withoutKeyParam } from '../protocol/credentials.ts'
import type { ProxyDeps } from './deps.ts'
import type { Client, Exchange } from './exchange.ts'
import { type Body, readBody, releaseBody } from './read-body.ts'

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
}

export type Admitted = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly failure: Failure }

/** Who calls; also for the local answers, which need a token and nothing more. */
export function authenticate(deps: ProxyDeps, { client, secrets }: Exchange): ApiToken | Failure {
  const presented = presentedToken(client.request.headers, client.query)
  const token = presented === undefined ? undefined : deps.view().token(presented)
  if (presented !== undefined) secrets.push(presented)
  if (!token?.active) return { kind: 'unauthorized', expired: false }
  return isExpired(token, deps.clock.nowMs()) ? { kind: 'unauthorized', expired: true } : token
}

/** The checks in the order users rely on: who (done), size, sense, model, money, path. Failures blame the client. */
export async function admit(deps: ProxyDeps, exchange: Exchange, token: ApiToken): Promise<Admitted> {
  const { client } = exchange
  const { shared, deadlines, limits } = deps
  const read = await readBody(client, {
    shared,
    deadlines,
    maxBytes: limits.maxBodyBytes,
    maxBufferedBytes: limits.maxBufferedBytes,
  })
  if (!read.ok) return read
  const api = apiOfPath(client.path)
  const checked = check(api, exchange.client, { token, body: read.body })
  if ('kind' in checked) {
    releaseBody(shared, read.body)
    return { ok: false, failure: checked }
  }
  return { ok: true, asked: { ...checked, body: read.body } }
}

function check(
  api: Api | undefined,
  client: Client,
  { token, body }: { readonly token: ApiToken; readonly body: Body },
): Omit<Asked, 'body'> | Failure {
  const understood = understand(api, client, body)
  if ('kind' in understood) return understood
  const { model, scan } = understood
  if (!mayUseModel(token, model)) return { kind: 'model-forbidden', model }
  if (costLimitReached(token))
    return { kind: 'cost-limit', usedMicroUsd: token.costUsedMicroUsd, limitMicroUsd: token.costLimitMicroUsd }
  if (api === undefined) return { kind: 'unsupported-path' }
  const { query, patienceMs } = ownParameters(client)
  return {
    api,
    type: channelTypeOf(api),
    model,
    streaming: scan?.stream === true || isStreamPath(client.path),
    scan,
    query,
    patienceMs,
    session: sessionOf(client.request.headers, scan, token),
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

function storedResponse(path: string): string | undefined {
  const id = /^\/v1\/responses\/([^/]+)/.exec(path)?.[1]
  return id === 'compact' ? undefined : id
}

const SESSION_HEADERS = ['session_id', 'x-session-id', 'conversation_id', 'x-claude-code-session-id'] as const
const MAX_SESSION_CHARS = 256

function sessionOf(headers: Headers, scan: BodyScan | undefined, token: ApiToken): string | undefined {
  let name = scan?.userId ?? scan?.promptCacheKey
  for (const header of SESSION_HEADERS) name ??= headers.get(header) ?? undefined
  return name ? `${token.id}:${name.slice(-MAX_SESSION_CHARS)}` : undefined
}

/** Limits that a client sets for its own request bound that request only, and are nobody else's business. */
function ownParameters(client: Client): { query: string; patienceMs: number | undefined } {
  const { headers } = client.request
  let query = withoutKeyParam(client.query)
  let patienceMs: number | undefined
  const offer = (text: string | null, unitMs: number): void => {
    if (patienceMs === undefined && text !== null && /^\d{1,9}$/.test(text) && Number(text) > 0)
      patienceMs = Number(text) * unitMs
  }
  if (query.includes('timeout_')) {
    const parameters = new URLSearchParams(query)
    offer(parameters.get('timeout_ms'), 1)
    offer(parameters.get('timeout_s'), 1000)
    query = query
      .split('&')
      .filter((pair) => !/^timeout_m?s(=|$)/.test(pair))
      .join('&')
  }
  offer(headers.get('x-timeout-ms'), 1)
  offer(headers.get('x-timeout-s'), 1000)
  return { query, patienceMs }
}
