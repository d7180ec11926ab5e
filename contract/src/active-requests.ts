import { z } from 'zod'
import type { Route } from './route.ts'

export const ACTIVE_REQUESTS_ROUTE = { method: 'GET', path: '/admin/active-requests' } as const satisfies Route

/** A request on its way. What is not known yet is absent. */
export const activeRequestAnswer = z.strictObject({
  /** As in the header `x-ccload-request-id`. */
  id: z.string(),
  model: z.string(),
  client_ip: z.string(),
  /** Unix ms. */
  start_time: z.int(),
  is_streaming: z.boolean(),
  channel_id: z.int().optional(),
  channel_name: z.string().optional(),
  channel_type: z.string().optional(),
  /** Masked. */
  api_key_used: z.string().optional(),
  token_id: z.int().optional(),
  bytes_received: z.int().min(0).optional(),
  /** Seconds from the start of the request. */
  client_first_byte_time: z.number().optional(),
})
export type ActiveRequest = z.output<typeof activeRequestAnswer>

/** Newest first. */
export const activeRequestsAnswer = z.array(activeRequestAnswer)
