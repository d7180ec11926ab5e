/** Time, from outside. `nowMs` is wall time (Unix ms, may jump); `monoMs` only ever grows and measures durations. */
export interface Clock {
  nowMs(): number
  monoMs(): number
}
