import type { CooldownSteps } from '../config/env.ts'
import type { Turns } from '../core/order-channels.ts'
import type { RestReason } from '../link/messages.ts'
import type { LogRow } from '../ports/attempt-log.ts'
import type { CooldownTarget } from '../ports/channel-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { MeterCell } from '../ports/meters.ts'
import type { Shared } from '../ports/shared.ts'
import type { UpstreamSend } from '../ports/upstream-send.ts'
import type { Affinity } from './affinity.ts'
import type { Deadlines } from './deadlines.ts'
import type { Client, Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { View } from './view.ts'

/** Where endings and judgements go: up the link to control. None of these waits or throws. */
export interface Reporter {
  ended(row: LogRow): void
  /** Behind the endings that it was held for. */
  closed(meter: MeterCell): void
  rested(reason: RestReason): void
  cleared(target: CooldownTarget): void
}

export type ProxyLimits = {
  readonly maxBodyBytes: number
  /** All bodies and held answers of all processes together. */
  readonly maxBufferedBytes: number
  readonly cooldown: CooldownSteps
  /** Of the environment, IANA name; the setting `reset_time_zone` goes before it. */
  readonly zone: string
}

/** All that serving a request needs; made once per process. */
export type ProxyDeps = {
  readonly limits: ProxyLimits
  /** The compiled snapshot in force; read once per decision, never kept over an await. */
  readonly view: () => View
  readonly shared: Shared
  readonly turns: Turns
  readonly gate: Gate
  readonly send: UpstreamSend
  readonly deadlines: Deadlines
  readonly affinity: Affinity
  readonly retries: RetryBudget
  readonly clock: Clock
  readonly report: Reporter
  readonly log: Log
  /** Counts the tokens of a messages body, in control. */
  readonly countTokens: (client: Client, body: Uint8Array) => Promise<Response>
  /** Requests on their way in this process. */
  readonly active: Set<Exchange>
  /** Unique over processes and restarts, sortable by time. */
  readonly newId: () => string
  readonly stopping: () => boolean
}
