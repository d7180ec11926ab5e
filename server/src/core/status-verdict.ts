import type { ErrorBody } from './error-body.ts'
import { type ErrorMeaning, isModelAbsent, isModerated, meaningOf } from './error-meaning.ts'
import { isRetryAfterLong } from './retry-after.ts'

/**
 * Whose fault an upstream's error status is. `key`: this credential, escalates in a channel of one key. `rate`: a limit
 * that may be the key's alone. `load`: the channel is ill now. `account` and `address`: the channel is of no use as it
 * is configured. `model`: dead there. `unclear`: perhaps the client, perhaps not. `request`: the client's.
 */
export type Fault = 'key' | 'rate' | 'load' | 'account' | 'address' | 'model' | 'unclear' | 'request'

export type StatusEvidence = {
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Headers | undefined
}

type Finder = Fault | ((evidence: StatusEvidence) => Fault)

const BY_STATUS: Readonly<Record<number, Finder>> = {
  400: faultOfBadRequest,
  401: faultOfCredential,
  402: faultOfCredential,
  403: faultOfCredential,
  404: faultOfNotFound,
  405: 'address',
  407: 'address', // an outbound proxy's login; the client must never be asked for it
  410: faultOfGone,
  429: faultOfTooMany,
  444: 'load', // nginx closed without an answer
  499: 'load', // the upstream's own client left: it is not ours
}

const WIDE_SCOPES = ['global', 'ip', 'account']
const WIDE_WORDS = /ip rate limit|account rate limit|global rate limit|organization limit/

/**
 * Whose fault an answer outside 2xx is. Total: every number has an answer; 3xx, 1xx and nonsense are the channel's,
 * because a redirect is never followed.
 */
export function faultOfStatus(evidence: StatusEvidence): Fault {
  const { status } = evidence
  const finder = BY_STATUS[status]
  if (finder !== undefined) return typeof finder === 'string' ? finder : finder(evidence)
  if (status >= 400 && status < 500) return 'request'
  if (status >= 500 && status <= 599) return isModelAbsent(evidence.body) ? 'model' : 'load'
  return 'address'
}

const FAULT_OF_MEANING: Readonly<Record<ErrorMeaning, Fault>> = {
  key: 'key',
  account: 'account',
  region: 'address',
  model: 'model',
  object: 'unclear',
  request: 'request',
  unclear: 'unclear',
}

function faultOfBadRequest({ body }: StatusEvidence): Fault {
  return body.isHtml ? 'address' : FAULT_OF_MEANING[meaningOf(body)]
}

/**
 * 401, 402, 403 speak of our key, except where the text says that the account, the place, the model or the prompt is
 * refused.
 */
function faultOfCredential({ status, body }: StatusEvidence): Fault {
  if (body.isHtml) return 'address'
  if (status === 403 && isModerated(body)) return 'request'
  if (status === 403 && isModelAbsent(body)) return 'model'
  const meaning = meaningOf(body)
  return meaning === 'account' || meaning === 'region' ? FAULT_OF_MEANING[meaning] : 'key'
}

/** A 404 that is about neither model nor a stored object means a wrong address. */
function faultOfNotFound({ body }: StatusEvidence): Fault {
  if (body.isHtml) return 'address'
  const meaning = meaningOf(body)
  return meaning === 'model' || meaning === 'object' ? FAULT_OF_MEANING[meaning] : 'address'
}

function faultOfGone({ body }: StatusEvidence): Fault {
  return meaningOf(body) === 'model' ? 'model' : 'request'
}

/** A limit that other keys of the channel share is the channel's; any other may be the key's alone. */
function faultOfTooMany({ body, headers }: StatusEvidence): Fault {
  if (isRetryAfterLong(headers?.get('retry-after') ?? null)) return 'load'
  if (WIDE_SCOPES.includes(headers?.get('x-ratelimit-scope')?.trim().toLowerCase() ?? '')) return 'load'
  return WIDE_WORDS.test(body.words) ? 'load' : 'rate'
}
