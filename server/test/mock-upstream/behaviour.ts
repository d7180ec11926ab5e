import { z } from 'zod'

const ms = z.number().min(0)
const count = z.number().int().min(0)
const headers = z.record(z.string(), z.string())

const usage = z.strictObject({
  inputTokens: count.optional(),
  outputTokens: count.optional(),
  cacheReadTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  reasoningTokens: count.optional(),
})

/** What an error says; each API has its own default for what is left out. */
const error = {
  message: z.string().optional(),
  type: z.string().optional(),
  code: z.string().optional(),
}

export const SOFT_ERROR_FORMS = [
  'error-json', // {"error":{…}}
  'type-error-json', // {"type":"error","error":{…}}
  'error-event', // event: error
  'error-data', // data: {"error":{…}} without a name
  'response-failed', // response.failed as first event
  'created-then-failed', // response.created, response.failed
  'gemini-chunk', // data: {"error":{code,message,status}}
  'gemini-array', // [{"error":{…}}]
  'plain-chinese', // 当前模型负载过高，请稍后再试
  'plain-english', // Current model load too high
  'html',
  'empty-length-0',
  'empty-chunked',
  'zero-events', // text/event-stream that ends at once
  'ping-only',
  'meta-then-error', // role or message_start, then the error
] as const

export const HOSTILE_HEADERS = [
  'set-cookie',
  'connection-named', // Connection names other headers
  'many', // 300 headers
  'huge', // one of 64 KB
  'duplicate-content-type',
  'accel', // X-Accel-*, X-Sendfile and others that front servers obey
  'length-and-chunked', // both framings at once
  'te-gzip-chunked',
  'te-unknown',
  'te-twice',
  'two-lengths',
  'chunk-extensions',
  'trailers',
  'bare-lf', // head lines end with LF alone
  'space-before-colon',
  'folded', // obs-fold
  'not-latin', // UTF-8 and control bytes in values
] as const

const how = z.enum(['fin', 'rst'])
export const FRAMINGS = ['chunked', 'length', 'eof'] as const
const framing = z.enum(FRAMINGS)

/** Everything the mock can be told to do with a call. Several compose, from left to right. */
export const behaviour = z.discriminatedUnion('kind', [
  // what is said
  z.strictObject({
    kind: z.literal('ok'),
    text: z.string().optional(),
    pieces: count.min(1).optional(),
    thinking: z.string().optional(),
    usage: usage.optional(),
    headers: headers.optional(),
  }),
  z.strictObject({ kind: z.literal('tool'), name: z.string().optional(), args: z.json().optional() }),
  z.strictObject({ kind: z.literal('swap-streaming') }),
  z.strictObject({ kind: z.literal('prompt-cache') }), // reports as read what this key has sent before
  z.strictObject({ kind: z.literal('huge-event'), megabytes: z.number().positive() }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(200).max(999),
    body: z.json().optional(),
    headers: headers.optional(),
    ...error,
  }),
  z.strictObject({
    kind: z.literal('redirect'),
    status: z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)]),
    location: z.string(),
  }),
  z.strictObject({ kind: z.literal('soft-error'), form: z.enum(SOFT_ERROR_FORMS), ...error }),
  z.strictObject({ kind: z.literal('error-mid-stream'), afterEvents: count.optional(), ...error }),
  z.strictObject({ kind: z.literal('malformed-event'), afterEvents: count.optional(), text: z.string().optional() }),
  z.strictObject({ kind: z.literal('no-end-marker'), alsoFinish: z.boolean().optional() }),
  // when
  z.strictObject({ kind: z.literal('delay-headers'), ms }),
  z.strictObject({ kind: z.literal('delay-body'), ms }),
  z.strictObject({ kind: z.literal('first-token-delay'), ms, pingEveryMs: ms.min(1).optional() }),
  z.strictObject({ kind: z.literal('stall'), ms, afterEvents: count.optional() }),
  z.strictObject({
    kind: z.literal('hang'),
    when: z.enum(['before-headers', 'after-headers', 'mid-stream']),
    afterEvents: count.optional(),
  }),
  z.strictObject({ kind: z.literal('terminal-without-eof') }),
  // the connection
  z.strictObject({ kind: z.literal('reset-before-headers') }),
  z.strictObject({ kind: z.literal('reset-after-headers') }),
  z.strictObject({ kind: z.literal('close-before-headers') }),
  z.strictObject({
    kind: z.literal('cut-after-bytes'),
    bytes: count,
    how: how.optional(),
    framing: framing.optional(),
  }),
  z.strictObject({ kind: z.literal('framing'), framing }),
  z.strictObject({ kind: z.literal('connection-close') }),
  z.strictObject({ kind: z.literal('keepalive-race'), how: how.optional() }),
  z.strictObject({ kind: z.literal('early'), then: z.enum(['drain', 'close']).optional() }),
  z.strictObject({ kind: z.literal('early-413'), then: z.enum(['drain', 'close']).optional() }),
  z.strictObject({ kind: z.literal('slow-read'), ms: ms.optional() }),
  // the bytes
  z.strictObject({
    kind: z.literal('tiny-chunks'),
    per: z.enum(['chunk', 'write']).optional(),
    bytes: count.min(1).optional(),
  }),
  z.strictObject({ kind: z.literal('crlf'), lineEnd: z.enum(['crlf', 'cr']).optional() }),
  z.strictObject({ kind: z.literal('encoding'), coding: z.enum(['gzip', 'deflate', 'br', 'zstd']) }),
  z.strictObject({ kind: z.literal('malformed-chunk'), afterEvents: count.optional() }),
  // the head
  z.strictObject({ kind: z.literal('hostile-headers'), what: z.enum(HOSTILE_HEADERS) }),
  z.strictObject({
    kind: z.literal('informational'),
    statuses: z.array(z.number().int().min(100).max(199)).optional(),
  }),
])

export type Behaviour = z.infer<typeof behaviour>
export type Kind = Behaviour['kind']
export type BehaviourOf<K extends Kind> = Extract<Behaviour, { readonly kind: K }>

export type ErrorSpec = {
  readonly message?: string | undefined
  readonly type?: string | undefined
  readonly code?: string | undefined
  readonly status?: number
}

/** What the behaviours together say about the content. */
export type ContentSpec = {
  readonly text?: string
  readonly pieces?: number
  readonly thinking?: string
  readonly usage?: z.infer<typeof usage>
  readonly tool?: { readonly name?: string; readonly args?: unknown }
  readonly swapStreaming?: true
}

export const rule = z.strictObject({
  /** Only calls with this key. */
  key: z.string().optional(),
  /** Only calls whose request target begins so. */
  path: z.string().optional(),
  /** Only that many calls, then the rule is spent. */
  times: count.optional(),
  /** Only each n-th of the calls that fit: 20 is five percent. */
  every: count.min(1).optional(),
  do: z.union([behaviour, z.array(behaviour).min(1)]),
})

export type Rule = z.infer<typeof rule>

/** Reads rules from outside: one, or a list. Errors: throws with all complaints in words. */
export function parseRules(value: unknown): readonly Rule[] {
  const read = z.array(rule).safeParse(Array.isArray(value) ? value : [value])
  if (!read.success) throw new Error(z.prettifyError(read.error))
  return read.data
}

/** One line for each behaviour: its name and what it takes. For people. */
export function describeBehaviours(): readonly string[] {
  return behaviour.options.map((option) => {
    const { kind, ...rest } = option.shape
    return `${kind.value.padEnd(22)} ${Object.keys(rest).join(', ')}`.trimEnd()
  })
}
