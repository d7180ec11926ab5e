import type { ConnectCause, Failure } from '../core/failure.ts'
import { networkCode } from '../core/network-code.ts'

const CONNECT_CAUSES: Readonly<Record<string, ConnectCause>> = {
  ConnectionRefused: 'refused',
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NODATA: 'dns',
  DNSFailure: 'dns',
  FailedToOpenSocket: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ConnectionTimeout: 'timeout',
}

const TLS_CODE = /CERT|TLS|SSL|SELF_SIGNED|ISSUER|UNABLE_TO_|HANDSHAKE/i

/** What a `fetch` that threw before headers means. Who aborted it must have been ruled out. */
export function failureOfFetch(error: unknown): Failure {
  const code = networkCode(error)
  const cause = CONNECT_CAUSES[code] ?? (TLS_CODE.test(code) ? 'tls' : undefined)
  return cause ? { kind: 'connect', cause, code } : { kind: 'reset', code }
}
