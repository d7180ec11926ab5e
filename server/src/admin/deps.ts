import type { Control } from '../control/control.ts'
import type { Secret } from '../core/secret.ts'
import type { Zone } from '../core/zone.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

export type AdminDeps = {
  readonly control: Control
  readonly clock: Clock
  readonly log: Log
  readonly adminPassword: Secret
  readonly version: string
  /** Zone of the environment; the setting `reset_time_zone` goes before it. */
  readonly zone: Zone
  /** Why an upstream address must not be called, as far as it can be told without a look-up. `undefined` = it may. */
  readonly refuseAddress: (url: URL) => string | undefined
}
