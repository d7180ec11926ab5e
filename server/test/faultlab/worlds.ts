/** How a running program is set up for the rows that need it so. */
export type World = {
  readonly env: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
  /** Cells at once. Where instants are measured, few. */
  readonly atOnce: number
  /** First rest of each class, in seconds. */
  readonly steps: Readonly<Record<'auth' | 'server' | 'timeout' | 'rate-limit', number>>
}

const STEPS = { auth: 300, server: 120, timeout: 60, 'rate-limit': 60 }

/** Nearly all of the laboratory's requests fail: a program that bounds retries in an outage would rightly do so. */
const ENDURING = { retry_budget_min_requests: '1000000' }

export const WORLDS = {
  /** As installed. */
  usual: { env: {}, settings: ENDURING, atOnce: 24, steps: STEPS },
  /** With limits short enough to be waited for. */
  hasty: {
    env: {},
    settings: {
      ...ENDURING,
      upstream_first_byte_timeout: '2',
      upstream_first_content_timeout: '3',
      stream_idle_timeout: '2',
      non_stream_timeout: '3',
      upstream_connect_timeout: '1',
    },
    atOnce: 30,
    steps: STEPS,
  },
  /** Only the model rests, and a resting channel is not asked as a last resort. */
  narrow: {
    env: {},
    settings: { ...ENDURING, cooldown_scope: 'model', cooldown_fallback_enabled: 'false' },
    atOnce: 24,
    steps: STEPS,
  },
  /** Clients that wait are shown signs of life. */
  patient: { env: {}, settings: { ...ENDURING, keep_alive_seconds: '1' }, atOnce: 12, steps: STEPS },
  /** A short limit for a whole request, and a small one for its body. */
  short: {
    env: { CCLOAD_MAX_BODY_BYTES: '65536' },
    settings: { ...ENDURING, request_total_timeout: '2' },
    atOnce: 12,
    steps: STEPS,
  },
  /** One request at a time; the others wait, but not long. */
  door: { env: {}, settings: { ...ENDURING, max_concurrency: '1', queue_max_wait: '2' }, atOnce: 1, steps: STEPS },
  /** Rests short enough to be waited for. */
  brief: {
    env: { CCLOAD_COOLDOWN_SERVER_SEC: '2', CCLOAD_COOLDOWN_MIN_SEC: '1' },
    settings: ENDURING,
    atOnce: 16,
    steps: { ...STEPS, server: 2 },
  },
  /** Few at once, so that instants can be measured. */
  calm: { env: {}, settings: ENDURING, atOnce: 3, steps: STEPS },
  /** As installed, the bound on retries included; one row at a time, with many requests. */
  crowd: { env: {}, settings: {}, atOnce: 1, steps: STEPS },
} as const satisfies Record<string, World>

export type WorldName = keyof typeof WORLDS

/** Which worlds are played beside each other: one that works and one that mostly waits. Where instants count, alone. */
export const TOGETHER: readonly (readonly WorldName[])[] = [
  ['usual', 'brief'],
  ['hasty', 'narrow'],
  ['patient', 'short'],
  ['door'],
  ['calm'],
  ['crowd'],
]
