import type { Route } from '@ccload/contract/route.ts'
import type { z } from 'zod'
import { complaintOf } from './complaint.ts'
import { readJsonObject } from './read-json.ts'
import { badRequest, type Reply, refused } from './reply.ts'

/** A request as an endpoint sees it. */
export type Ask = {
  /** Parts of the path by the name the route gives them, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: Headers
  /** Address of the client as the proxy judged it; never taken from a header here. */
  readonly ip: string
  readonly request: Request
}

/** One operation. A `Response` goes out as it is (a file); a `Reply` goes into the envelope. */
export type Endpoint = {
  readonly route: Route
  readonly handle: (ask: Ask) => Promise<Reply | Response> | Reply | Response
}

export const MAX_BODY_BYTES = 32 * 1024 * 1024

export function endpoint(route: Route, handle: Endpoint['handle']): Endpoint {
  return { route, handle }
}

type Run<Body> = (body: Body, ask: Ask) => Promise<Reply> | Reply

/** An endpoint that takes a JSON object, which has passed `schema` when `run` sees it. */
export function endpointWithBody<Schema extends z.ZodType>(
  route: Route,
  schema: Schema,
  run: Run<z.output<Schema>>,
): Endpoint {
  return endpoint(route, async (ask) => {
    const read = await readJsonObject(ask.request, MAX_BODY_BYTES)
    if (!read.ok) return read.status === 400 ? badRequest(read.message) : refused(read.status, read.message)
    const body = schema.safeParse(read.value, { reportInput: true })
    return body.success ? run(body.data, ask) : badRequest(complaintOf(body.error))
  })
}

/** An id in the path: a positive whole number that a database can hold. `undefined` when it is none. */
export function idOf(text: string | undefined): number | undefined {
  const id = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0
  return id > 0 ? id : undefined
}
