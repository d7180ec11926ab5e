import { hkdfSync } from 'node:crypto'
import type { Secret } from '../core/secret.ts'

export type PasswordCheck = {
  /** Takes as long for a right password as for a wrong one, off the event loop. */
  matches(typed: string): Promise<boolean>
}

/** Memory in KiB and passes of OWASP's first choice for argon2id: about 35 ms here. */
const ARGON2ID = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const

/** Checks against the configured password; its hash is made at the first check, so that the start does not wait. */
export function passwordCheck(password: Secret): PasswordCheck {
  let hash: Promise<string> | undefined
  return {
    async matches(typed) {
      hash ??= Bun.password.hash(password.open(), ARGON2ID)
      return Bun.password.verify(typed, await hash)
    },
  }
}

/**
 * 32 bytes for keying the hashes of sessions. They change with the password, so a new password ends every session that
 * the old one opened. Source: RFC 5869.
 */
export function sessionKey(password: Secret): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', password.open(), '', 'ccload admin session v1', 32))
}
