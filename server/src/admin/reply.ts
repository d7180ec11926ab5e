import type { Envelope } from '@ccload/contract/envelope.ts'

/** What an endpoint answers, before it is put into the envelope. */
export type Reply = Done | Refused

export type Done = {
  readonly ok: true
  readonly status: 200 | 201
  readonly data: unknown
  readonly count: number
  readonly headers: Readonly<Record<string, string>>
}

export type Refused = {
  readonly ok: false
  readonly status: number
  /** For the user: what is wrong, and where it helps, what to do. Never a detail of our inside. */
  readonly error: string
  readonly data: unknown
  readonly headers: Readonly<Record<string, string>>
}

export function done(data: unknown, more: Partial<Pick<Done, 'status' | 'count' | 'headers'>> = {}): Done {
  return { ok: true, status: 200, data, count: 0, headers: {}, ...more }
}

export function refused(status: number, error: string, more: Partial<Pick<Refused, 'data' | 'headers'>> = {}): Refused {
  return { ok: false, status, error, data: null, headers: {}, ...more }
}

/** 400 with the words that all endpoints use for a request that cannot be understood. */
export function badRequest(why: string, data: unknown = null): Refused {
  return refused(400, `invalid request: ${why}`, { data })
}

/** The reply in its envelope. */
export function responseTo(reply: Reply): Response {
  const envelope: Envelope<unknown> = reply.ok
    ? { success: true, data: reply.data, error: '', count: reply.count }
    : { success: false, data: reply.data, error: reply.error, count: 0 }
  return jsonResponse(reply.status, envelope, reply.headers)
}

export function jsonResponse(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
}
