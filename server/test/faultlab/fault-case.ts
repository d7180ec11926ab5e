import type { Behaviour } from '../mock-upstream/behaviour.ts'
import type { ApiName, Form } from './apis.ts'
import type { WorldName } from './worlds.ts'

/** One of a channel's keys by the channel's letter and the key's place: `a0` is asked first, `b1` last. */
export type KeyName = `${Letter}${0 | 1}`
export type Letter = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i'

/** What a key answers: the same always, or one after the other and then well. Left out = well. */
export type Answers = { readonly always: Does } | { readonly then: readonly Does[] }

export type Does = Behaviour | readonly Behaviour[]

/** Where a channel's address leads to. `mock`: an upstream of its own, over HTTP. */
export type Place = 'mock' | 'nowhere' | 'closed' | 'expired-tls' | 'self-signed-tls' | 'silent-tls'

/** A cell of the table: one row for one API and one form. */
export type Cell = { readonly api: ApiName; readonly form: Form; readonly name: string }

export type OurStatus = 400 | 401 | 403 | 413 | 429 | 502 | 503 | 504

/** What one request of the client looked like to it. */
export type ClientSaw =
  /** Status 200, the whole answer of this key, to the byte. */
  | { readonly saw: 'answer'; readonly from: KeyName; readonly atLeastMs?: number; readonly withinMs?: number }
  /**
   * A status of ours: the error in the API's dialect, without a word of a key. `code`: OpenAI's, where it is not the usual
   * one of this status.
   */
  | {
      readonly saw: 'our-error'
      readonly status: OurStatus
      readonly code?: string
      readonly retryAfterS?: number
      readonly withinMs?: number
    }
  /** The upstream's own error as it came, to the byte. */
  | { readonly saw: 'their-error'; readonly status: number; readonly from: KeyName; readonly retryAfterS?: number }
  /** Status 200, signs of life, then the whole answer of this key, to the byte. */
  | { readonly saw: 'kept'; readonly from: KeyName; readonly atLeastSigns: number }
  /** Status 200, signs of life, then the last error as an event in the API's dialect, and a cut. */
  | { readonly saw: 'kept-break'; readonly says: string }
  /** Status 200, a part of what this key sent, and a cut without a word: nothing can be put into an encoded body. */
  | { readonly saw: 'cut'; readonly begins: KeyName }
  /** Status 200, then a part of an answer, an error event in the API's dialect, and a cut. */
  | { readonly saw: 'break'; readonly begins: KeyName; readonly withinMs?: number }
  /** Status 200, then a part of an answer that ends with the upstream's own error event. */
  | { readonly saw: 'their-break'; readonly begins: KeyName }
  /** The upstream's bytes to the last one, though they are not a good answer. */
  | { readonly saw: 'their-bytes'; readonly from: KeyName }
  /** It left, and the upstream was left within `upstreamLeftWithinMs`. */
  | { readonly saw: 'left'; readonly upstreamLeftWithinMs: number }

/**
 * One rest, complete. `class` says how long it lasts, unless the upstream named a time: `seconds` from its answer on,
 * or an instant (Unix ms).
 */
export type Rests = {
  /** `a`: the channel; `a0`: the key; `a model`: the asked model on it. */
  readonly what: Letter | KeyName | `${Letter} model`
  readonly status: number
} & (
  | { readonly class: 'auth' | 'server' | 'timeout' | 'rate-limit' }
  | { readonly seconds: number }
  | { readonly untilMs: number }
)

/** One log row. `-`: the summary of a request that nobody served. */
export type LogLine = `${KeyName} ${number}` | `- ${number}`

/** `estimated`: the upstream did not come to say it; the row has a number of ours, more than none, and says so. */
export type Tokens = number | 'estimated'

/** Tokens of one log row: input and output. */
export type Charge = readonly [inputTokens: Tokens, outputTokens: Tokens]

/** All five statements; none may be left out. */
export type Expected = {
  /** One for each request, in order. */
  readonly client: readonly ClientSaw[]
  /** Calls that reached an upstream, by key; who is not named was not called. */
  readonly calls: Readonly<Partial<Record<KeyName, number>>>
  /** Everything that rests afterwards. */
  readonly rests: readonly Rests[]
  /** Log rows of all requests, in order. */
  readonly rows: readonly LogLine[]
  /** Tokens of each of these rows; their price and the sum charged to the client's token follow from them. */
  readonly money: readonly Charge[]
  /** Text that must stand in the message of the row with this index. */
  readonly says?: Readonly<Record<number, string>>
}

/** What a row can do besides asking once. */
export type Hands = {
  /** Sends the request; resolves when its answer is over. */
  ask(): Promise<void>
  /** Sends so many requests at the same time; resolves when all answers are over. */
  burst(count: number): Promise<void>
  /** Sends the request and leaves `afterMs` after `when`. */
  askAndLeave(when: 'upstream-asked' | 'first-bytes', afterMs: number): Promise<void>
  sleep(ms: number): Promise<void>
  /** Makes a channel rest, as the operator can. */
  rest(letter: Letter, ms: number): Promise<void>
}

/** What the client does differently. */
export type Sends = {
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces the body; `undefined` = as usual. */
  readonly body?: string | undefined
}

export type FaultCase = {
  /** Row of the fault list, `W` for a line of "whose fault", `C` for what is the client's own. */
  readonly id: string
  /** What goes wrong, and what must come of it. */
  readonly title: string
  readonly world?: WorldName
  readonly apis?: readonly ApiName[]
  readonly forms?: readonly Form[]
  /** Takes so long that the short laboratory leaves it out. */
  readonly isLong?: true
  /** Default: `a` and `b`, each with two keys, each an upstream of its own; `a` has the higher priority. */
  readonly channels?: readonly ChannelPlan[]
  /** Of the client's token, as the admin API takes them. */
  readonly token?: Readonly<Record<string, unknown>>
  /** @param body  The usual one. @param index  Of the request, from 0. */
  readonly sends?: (cell: Cell, body: string, index: number) => Sends
  readonly answers: (cell: Cell) => Readonly<Partial<Record<KeyName, Answers>>>
  readonly play?: (hands: Hands) => Promise<void>
  readonly expect: (cell: Cell) => Expected
}

export type ChannelPlan = { readonly letter: Letter; readonly keys: 1 | 2; readonly place?: Place }

export const TWO_CHANNELS: readonly ChannelPlan[] = [
  { letter: 'a', keys: 2 },
  { letter: 'b', keys: 2 },
]

/** Tokens of a whole answer of any key; by them a row tells who was charged. */
export const FULL: Charge = [20, 9]
export const NONE: Charge = [0, 0]

/** What is charged for a stream that breaks after its first content: some APIs tell of the input before it. */
export function begun({ api }: Cell): Charge {
  return api === 'messages' || api === 'gemini' ? [20, 'estimated'] : ['estimated', 'estimated']
}
