import type { Behaviour } from '../../mock-upstream/behaviour.ts'
import type { Agent } from './agent.ts'

/** The answer that dies: the client's first (a tool call) or its second (the final text). */
export type Turn = 1 | 2
export const TURNS: readonly Turn[] = [1, 2]

export type Fault = {
  readonly name: string
  /** What may be known outside: nothing before content, something after it. */
  readonly shows: 'nothing' | 'something'
  /** On top of a good answer. `middle`: bytes of the body up to the middle of its content. */
  readonly behaviours: (agent: Agent, middle: number) => readonly Behaviour[]
  /** The whole upstream ends once it has sent what it will send. */
  readonly dies?: true
  /**
   * On a connection that had served a request before, a loss without a byte of an answer says nothing about the channel:
   * it is asked once more at once, and only then the next one. RFC 9112 §9.3.1.
   */
  readonly isAskedAgain?: true
  /** Needs to know where the middle is. */
  readonly isMeasured?: true
  readonly turns?: (agent: Agent) => readonly Turn[]
}

const before = (name: string, ...behaviours: readonly Behaviour[]): Fault => ({
  name,
  shows: 'nothing',
  behaviours: () => behaviours,
})

/** Before the headers of an answer. */
const BEFORE_HEADERS: readonly Fault[] = [
  { ...before('reset before headers', { kind: 'reset-before-headers' }), isAskedAgain: true },
  { ...before('closed before headers', { kind: 'close-before-headers' }), isAskedAgain: true },
  before('status 503', { kind: 'status', status: 503 }),
  before('status 529', { kind: 'status', status: 529 }),
  before('status 429', { kind: 'status', status: 429, headers: { 'Retry-After': '30' } }),
  before('key refused (401)', { kind: 'status', status: 401 }),
]

/** A 200 that turns out to be none. */
const BEFORE_CONTENT: readonly Fault[] = [
  { name: 'first event is an error', shows: 'nothing', behaviours: (agent) => [firstEventError(agent)] },
  before('error after the opening events', { kind: 'soft-error', form: 'meta-then-error' }),
  before('overload notice in plain words', { kind: 'soft-error', form: 'plain-chinese' }),
  before('HTML page', { kind: 'soft-error', form: 'html' }),
  before('empty body', { kind: 'soft-error', form: 'empty-chunked' }),
  before('cut after headers', { kind: 'reset-after-headers' }),
  before('cut inside the first event', { kind: 'cut-after-bytes', bytes: 20, how: 'rst' }),
]

function firstEventError({ channelType }: Agent): Behaviour {
  const forms = { anthropic: 'error-event', codex: 'created-then-failed', gemini: 'gemini-chunk', openai: 'error-data' }
  return { kind: 'soft-error', form: forms[channelType] as 'error-event' }
}

/** After content has been passed on: too late for another answer. */
const AFTER_CONTENT: readonly Fault[] = [
  {
    name: 'upstream ends mid-stream',
    shows: 'something',
    behaviours: () => [{ kind: 'hang', when: 'mid-stream', afterEvents: 1 }],
    dies: true,
  },
  {
    name: 'reset mid-stream',
    shows: 'something',
    behaviours: (_, bytes) => [{ kind: 'cut-after-bytes', bytes, how: 'rst' }],
    isMeasured: true,
    // Gemini sends a tool call in one event: cut inside it, nothing has been shown.
    turns: ({ channelType }) => (channelType === 'gemini' ? [2] : TURNS),
  },
  {
    name: 'error event mid-stream',
    shows: 'something',
    behaviours: () => [
      { kind: 'error-mid-stream', afterEvents: 1 },
      { kind: 'stall', ms: 100, afterEvents: 1 },
    ],
  },
  {
    name: 'clean end without an end marker',
    shows: 'something',
    behaviours: () => [{ kind: 'no-end-marker', alsoFinish: true }],
  },
]

export const FAULTS: readonly Fault[] = [...BEFORE_HEADERS, ...BEFORE_CONTENT, ...AFTER_CONTENT]
