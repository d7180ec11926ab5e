import type { Cores } from './machine.ts'

/** Where one measure takes place. */
export type Place = {
  /** For all files; removed with everything in it. */
  readonly dir: string
  /** `undefined`: nothing is pinned. */
  readonly cores: Cores | undefined
  /** Of this checkout. */
  readonly root: string
}
