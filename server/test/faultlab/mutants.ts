import type { FailureKind } from '../../src/core/failure.ts'
import type { Patch } from './source-copy.ts'

/** One falsified field of one row. */
export type Mutant = { readonly name: string; readonly patch: Patch }

const KINDS = [
  'client-gone',
  'unauthorized',
  'bad-request',
  'body-too-large',
  'body-timeout',
  'headers-too-large',
  'model-forbidden',
  'model-unpriced',
  'address-forbidden',
  'address-forbidden',
  'cost-limit',
  'rate-limit',
  'rate-limit',
  'unsupported-path',
  'upgrade-required',
  'client-deadline',
  'request-timeout',
  'busy',
  'no-channel',
  'bug',
  'connect',
  'reset',
  'first-byte-timeout',
  'first-content-timeout',
  'answer-timeout',
  'status',
  'soft-error',
  'empty',
  'html',
  'stream-cut',
  'stream-idle',
  'stream-unfinished',
  'stream-error',
] as const satisfies readonly FailureKind[]
/** A kind without mutants does not compile. */
type Missing = Exclude<FailureKind, (typeof KINDS)[number]>
const NONE_MISSING: Missing extends never ? true : never = true

const FAULTS = ['key', 'rate', 'load', 'account', 'address', 'model', 'unclear', 'request'] as const

// How each field is falsified; what is absent is made up, so that "nothing rests" is a statement too.
const FLIPS = {
  blame: "found.blame === 'channel' ? 'key' : 'channel'",
  next: "found.next === 'stop' ? 'next-channel' : found.next === 'next-key' ? 'next-channel' : 'stop'",
  logStatus: 'found.logStatus + 1',
  clientStatus: 'found.clientStatus + 1',
  cooldown: "found.cooldown === undefined ? 'auth' : found.cooldown === 'server' ? 'timeout' : 'server'",
  onlyOnce: 'found.onlyOnce === true ? undefined : true',
  passThrough: '!found.passThrough',
  restUntilMs: 'found.restUntilMs === undefined ? facts.nowMs + 5_000 : found.restUntilMs + 1_000',
  restCapped: 'found.restCapped === true ? undefined : true',
} as const
type Field = keyof typeof FLIPS
const FIELDS = Object.keys(FLIPS) as readonly Field[]

const VERDICT = 'server/src/core/verdict.ts'
const STATUS_VERDICT = 'server/src/core/status-verdict.ts'
const SOFT_STATUS = 'server/src/core/soft-error-status.ts'

/** Rows of kinds: the verdict on this kind of failure has one false field. */
const ofKinds: readonly Mutant[] = KINDS.flatMap((kind) =>
  FIELDS.map((field) => ({
    name: `${kind}.${field}`,
    patch: {
      file: VERDICT,
      find: '  return judge(failure, facts)\n',
      put: `  const found = judge(failure, facts)
  return failure.kind === '${kind}' ? ({ ...found, ${field}: ${FLIPS[field]} } as Verdict) : found\n`,
    },
  })),
)

const SETTLED: readonly Field[] = ['blame', 'next', 'logStatus', 'clientStatus', 'cooldown', 'onlyOnce', 'passThrough']

/** Rows of faults: whoever answered with this fault is judged with one false field. */
const ofFaults: readonly Mutant[] = FAULTS.flatMap((fault) =>
  SETTLED.map((field) => ({
    name: `fault ${fault}.${field}`,
    patch: {
      file: VERDICT,
      find: 'function settle(fault: Fault, outcome: Shown, facts: VerdictFacts): Verdict {\n',
      put: `function settle(fault: Fault, outcome: Shown, facts: VerdictFacts): Verdict {
  const found = settleTruly(fault, outcome, facts)
  return fault === '${fault}' ? ({ ...found, ${field}: ${FLIPS[field]} } as Verdict) : found
}
function settleTruly(fault: Fault, outcome: Shown, facts: VerdictFacts): Verdict {\n`,
    },
  })),
)

/** Rows of the two tables of names: each leads somewhere else. @param read  The file's text. */
export function allMutants(read: (file: string) => string): readonly Mutant[] {
  return NONE_MISSING
    ? [...ofKinds, ...ofFaults, ...ofStatuses(read(STATUS_VERDICT)), ...ofNames(read(SOFT_STATUS))]
    : []
}

/** `400: faultOfBadRequest,` and `key: 'key',`: the row points to another fault. */
function ofStatuses(text: string): readonly Mutant[] {
  return [...text.matchAll(/^ {2}(\w+): ('?)(\w+)'?,.*$/gm)].map(([line, name, , fault]) => ({
    name: `status row ${name}`,
    patch: {
      file: STATUS_VERDICT,
      find: `\n${line}\n`,
      put: `\n  ${name}: '${fault === 'model' ? 'load' : 'model'}',\n`,
    },
  }))
}

/** `overloaded_error: 529,`: the name stands for a status of another kind. */
function ofNames(text: string): readonly Mutant[] {
  return [...text.matchAll(/^ {2}(\w+): (\d{3}),$/gm)].map(([line, name, status]) => ({
    name: `name row ${name}`,
    patch: { file: SOFT_STATUS, find: `\n${line}\n`, put: `\n  ${name}: ${Number(status) >= 500 ? 401 : 500},\n` },
  }))
}
