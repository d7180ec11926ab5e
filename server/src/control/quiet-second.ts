/** Fewer attempts than this end in a quiet second: what else is done then takes nothing from requests. */
const QUIET_BELOW = 20
const LOOK_EVERY_S = 10

/** Puts work off until a second in which little happens. */
export class QuietSecond {
  readonly #act: () => void
  #ended = 0
  /** Since the work is wanted; `undefined` = it is not, or is done. */
  #waitedS: number | undefined

  /** @param act  Called once, when it is wanted and one second in ten turns out to be quiet. */
  constructor(act: () => void) {
    this.#act = act
  }

  /** To be called once. */
  want(): void {
    this.#waitedS = 0
  }

  note(attempts: number): void {
    this.#ended += attempts
  }

  /** To be called every second. */
  tick(): void {
    const ended = this.#ended
    this.#ended = 0
    if (this.#waitedS === undefined) return
    this.#waitedS++
    if (this.#waitedS % LOOK_EVERY_S !== 0 || ended >= QUIET_BELOW) return
    this.#waitedS = undefined
    this.#act()
  }
}
