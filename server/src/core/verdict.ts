import type { ChannelType } from './channel-type.ts'
import { type ErrorBody, readErrorBody } from './error-body.ts'
import type { CooldownClass, Failure, FailureKind, Verdict } from './failure.ts'
import { namedReset, quotaReset } from './reset-time.ts'
import { statusOfSoftError } from './soft-error-status.ts'
import { type Fault, faultOfStatus } from './status-verdict.ts'
import type { Zone } from './zone.ts'

/** What a verdict depends on besides the failure. */
export type VerdictFacts = {
  /** For rules of one vendor; none needs it today. */
  readonly channelType: ChannelType
  /** Keys of the channel in total, resting ones too. With one key (or none known) its failures are the channel's. */
  readonly usableKeys: number
  /** Wall clock, Unix ms. */
  readonly nowMs: number
  /** Where quota dates without offset are meant (codes 1308 and 1310). Absent = UTC. */
  readonly zone?: Zone
  /** What overload, limits and broken answers rest: the whole channel (absent), or the asked model on it. */
  readonly cooldownScope?: 'channel' | 'model'
}

type FailureOf<K extends FailureKind> = Extract<Failure, { readonly kind: K }>
type Judges = { readonly [K in FailureKind]: (failure: FailureOf<K>, facts: VerdictFacts) => Verdict }

// One row per kind; a missing or misspelt one does not compile.
const JUDGES = {
  'client-gone': () => refused('nobody', 499),
  unauthorized: () => refused('client', 401),
  'bad-request': () => refused('client', 400),
  'body-too-large': () => refused('client', 413),
  'body-timeout': () => refused('client', 408),
  'headers-too-large': () => refused('client', 431),
  'model-forbidden': () => refused('client', 403),
  'model-unpriced': () => refused('client', 403),
  'address-forbidden': () => refused('client', 403),
  'cost-limit': () => refused('client', 429),
  'rate-limit': () => refused('client', 429),
  'unsupported-path': () => refused('client', 404),
  'upgrade-required': () => refused('client', 426),
  'client-deadline': () => refused('nobody', 504),
  'request-timeout': () => refused('nobody', 504),
  busy: () => refused('gateway', 503),
  'no-channel': () => refused('gateway', 503),
  bug: () => refused('gateway', 500),
  connect: ({ cause }) => unreached(cause === 'timeout' ? 504 : 502),
  reset: (_, facts) => ill({ logStatus: 502, clientStatus: 502, cooldown: 'server' }, facts),
  'first-byte-timeout': (_, facts) => ill({ logStatus: 598, clientStatus: 504, cooldown: 'timeout' }, facts),
  'first-content-timeout': (_, facts) => ill({ logStatus: 598, clientStatus: 504, cooldown: 'timeout' }, facts),
  'answer-timeout': (_, facts) => ill({ logStatus: 504, clientStatus: 504, cooldown: 'server' }, facts),
  status: judgeStatus,
  'soft-error': judgeSoftError,
  empty: (_, facts) => ill({ logStatus: 502, clientStatus: 502, cooldown: 'server' }, facts),
  html: () => ({ ...unreached(502), logStatus: 597, cooldown: 'timeout' }),
  'stream-cut': (_, facts) => tooLate(ill(BROKEN, facts)),
  'stream-idle': (_, facts) => tooLate(ill(BROKEN, facts)),
  'stream-unfinished': (_, facts) => tooLate(ill(BROKEN, facts)),
  'stream-error': (failure, facts) => tooLate(judgeSoftError(failure, facts)),
} as const satisfies Judges

const BROKEN: Outcome = { logStatus: 599, clientStatus: 502, cooldown: 'server' }

/**
 * What follows from a failure: who pays, whether to go on, what is logged, what the client sees.
 *
 * Total: every failure has a verdict and no input throws. Blame `model` means the asked model on this channel; for a
 * request without a model there is nothing to rest. Where the upstream named an instant, `restUntilMs` replaces the
 * ladder.
 */
export function verdict(failure: Failure, facts: VerdictFacts): Verdict {
  const judge = JUDGES[failure.kind] as (failure: Failure, facts: VerdictFacts) => Verdict
  return judge(failure, facts)
}

type Outcome = {
  readonly logStatus: number
  readonly clientStatus: number
  readonly cooldown: CooldownClass
}
/** An outcome with an answer in hand that could be shown. */
type Shown = Outcome & { readonly passThrough: boolean }

/** Nothing rests, nothing is tried again. */
function refused(blame: 'client' | 'gateway' | 'nobody', status: number): Verdict {
  return { blame, next: 'stop', logStatus: status, clientStatus: status, passThrough: false }
}

/** Nobody there, or not whom we expected: always the whole channel. */
function unreached(status: number): Verdict {
  return { ...CHANNEL, logStatus: status, clientStatus: status, cooldown: 'server', passThrough: false }
}

/** The channel works badly now; with `cooldownScope: 'model'` only the asked model is taken off it. */
function ill(outcome: Outcome | Shown, facts: VerdictFacts): Verdict {
  return { passThrough: false, ...outcome, ...(facts.cooldownScope === 'model' ? MODEL : CHANNEL) }
}

/** The client has part of the answer: the fault is the same, but there is no second try. */
function tooLate({ onlyOnce: _, ...verdict }: Verdict): Verdict {
  return { ...verdict, next: 'stop' }
}

const CHANNEL = { blame: 'channel', next: 'next-channel' } as const
const MODEL = { blame: 'model', next: 'next-channel' } as const
const KEY = { blame: 'key', next: 'next-key' } as const
const NOBODY = { blame: 'nobody', next: 'next-channel', onlyOnce: true } as const
const CLIENT = { blame: 'client', next: 'stop' } as const

function judgeStatus({ status, body, headers }: FailureOf<'status'>, facts: VerdictFacts): Verdict {
  const read = readErrorBody(body)
  const quota = quotaReset(read, facts.nowMs, facts.zone)
  if (quota !== undefined) return { ...KEY, ...QUOTA, ...restOf(quota) }
  const fault = faultOfStatus({ status, body: read, headers })
  const shown = shownStatus(status, fault)
  const outcome = { ...shown, logStatus: loggedStatus(status), cooldown: cooldownOf(status, fault) }
  return { ...settle(fault, outcome, facts), ...namedRest(fault, { headers, body: read }, facts) }
}

/** An error inside a 200 is judged like the status it stands for, but recorded as 597, or 596 when it names a reset. */
function judgeSoftError(failure: FailureOf<'soft-error' | 'stream-error'>, facts: VerdictFacts): Verdict {
  const read = readErrorBody(failure.body)
  const quota = quotaReset(read, facts.nowMs, facts.zone)
  if (quota !== undefined) return { ...KEY, ...QUOTA, ...restOf(quota) }
  const status = statusOfSoftError(failure.errorType || read.type, failure.errorCode || read.code)
  const fault = faultOfStatus({ status, body: read, headers: undefined })
  const rest = namedRest(fault, { headers: undefined, body: read }, facts)
  const isOurKey = (status >= 401 && status <= 403) || fault === 'key'
  const outcome: Shown =
    fault === 'request'
      ? { logStatus: 400, clientStatus: 400, cooldown: 'timeout', passThrough: true }
      : { logStatus: 597, clientStatus: isOurKey ? 503 : 502, cooldown: 'timeout', passThrough: !isOurKey }
  return { ...settle(fault, outcome, facts), ...rest, ...(status === 429 && rest.restUntilMs !== undefined && QUOTA) }
}

const QUOTA = { logStatus: 596, clientStatus: 429, cooldown: 'rate-limit', passThrough: true } as const

/** Who pays for a fault, given how many keys there are and what is to rest. */
function settle(fault: Fault, outcome: Shown, facts: VerdictFacts): Verdict {
  const { cooldown: _, ...unrested } = outcome
  const severalKeys = facts.usableKeys > 1
  switch (fault) {
    case 'request':
      return { ...unrested, ...CLIENT }
    case 'unclear':
      return { ...unrested, ...NOBODY }
    case 'model':
      return { ...outcome, ...MODEL }
    case 'account':
    case 'address':
      return { ...outcome, ...CHANNEL }
    case 'key':
      return { ...outcome, ...(severalKeys ? KEY : CHANNEL) }
    case 'load':
      return ill(outcome, facts)
    case 'rate':
      return severalKeys && facts.cooldownScope !== 'model' ? { ...outcome, ...KEY } : ill(outcome, facts)
  }
}

/** What the client sees of an upstream's status when it is the last word. */
export function shownStatus(status: number, fault: Fault): { clientStatus: number; passThrough: boolean } {
  if (fault === 'key' && status !== 429) return { clientStatus: 503, passThrough: false }
  if (status >= 401 && status <= 403) {
    return fault === 'request' ? { clientStatus: 400, passThrough: true } : { clientStatus: 503, passThrough: false }
  }
  if (!(status >= 400 && status <= 599) || status === 407) return { clientStatus: 502, passThrough: false }
  // 596-599 are ours to say, and 499 speaks of the upstream's client, which is us
  const isMapped = status === 499 || status >= 596
  return { clientStatus: isMapped ? 502 : status, passThrough: true }
}

/** A row must not look like a success, nor like one of our own 596-599, because an upstream sent that number. */
function loggedStatus(status: number): number {
  return status >= 300 && status < 596 ? status : 502
}

function cooldownOf(status: number, fault: Fault): CooldownClass {
  if (fault === 'key' || (status >= 401 && status <= 403)) return 'auth'
  return status >= 500 ? 'server' : 'rate-limit'
}

type NamedRest = { readonly restUntilMs?: number; readonly restCapped?: true }

function namedRest(
  fault: Fault,
  from: { readonly headers: Headers | undefined; readonly body: ErrorBody },
  { nowMs, zone = 0 }: VerdictFacts,
): NamedRest {
  if (fault === 'request' || fault === 'unclear') return {}
  const named = namedReset({ ...from, nowMs, zone })
  return named === undefined ? {} : restOf(named)
}

function restOf({ untilMs, capped }: { readonly untilMs: number; readonly capped: boolean }): NamedRest {
  return capped ? { restUntilMs: untilMs, restCapped: true } : { restUntilMs: untilMs }
}
