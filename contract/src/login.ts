import { z } from 'zod'
import type { Route } from './route.ts'

export const LOGIN_ROUTE = { method: 'POST', path: '/login' } as const satisfies Route
export const LOGOUT_ROUTE = { method: 'POST', path: '/logout' } as const satisfies Route

/** How long a session lasts, from login; it is not renewed. */
export const SESSION_SECONDS = 86_400

export const loginBody = z.strictObject({ password: z.string().min(1) })
export type LoginBody = z.output<typeof loginBody>

const session = {
  /** 64 hex digits, for `Authorization: Bearer`. */
  token: z.string().regex(/^[0-9a-f]{64}$/),
  /** Seconds. */
  expiresIn: z.literal(SESSION_SECONDS),
}

/** The envelope, with the session beside it as well: clients of both documented shapes can read it. */
export const loginAnswer = z.strictObject({
  success: z.literal(true),
  status: z.literal('success'),
  ...session,
  data: z.strictObject(session),
  error: z.literal(''),
  count: z.literal(0),
})
export type LoginAnswer = z.output<typeof loginAnswer>

/** `data` of a 429: when to try again. */
export const lockoutAnswer = z.strictObject({ message: z.string(), lockout_seconds: z.int().min(1) })
export type Lockout = z.output<typeof lockoutAnswer>

export const logoutAnswer = z.strictObject({ message: z.string() })
