/** Wire types of the admin API (`value_type`). `duration` is a whole number of seconds. */
export type SettingType = 'int' | 'bool' | 'duration' | 'string'

export type SettingUnit = 'days' | 'minutes' | 'seconds' | 'bytes' | 'percent'

/** Headings of the settings page, in its order. */
export type SettingGroup = 'routing' | 'retries' | 'timeouts' | 'limits' | 'health' | 'logs' | 'console'

/** One setting. The page of the console and the tables of the operating guide are made from these rows. */
export type SettingRow = {
  readonly key: string
  readonly type: SettingType
  readonly group: SettingGroup
  readonly fallback: number | boolean | string
  /** Bounds of a number, both inclusive, in `unit`. */
  readonly min?: number
  readonly max?: number
  /** Numbers inside the bounds that mean nothing. */
  readonly except?: readonly number[]
  readonly unit?: SettingUnit
  readonly choices?: readonly string[]
  /** For strings: whether `''` is a value. */
  readonly mayBeEmpty?: true
  /** One entry a line. */
  readonly lines?: true
  /** What the text of a string must be. */
  readonly format?: 'time-zone' | 'header-names' | 'failure-rules'
  readonly en: string
  readonly zh: string
}

export const MAX_INT = 2_147_483_647
export const MAX_TIMER_S = 2_000_000 // 23 days; a timer of the platform overflows at 2^31 ms
