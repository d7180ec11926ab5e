import { spreadOf } from './statistics.ts'

/** Programs that are measured, by the name shown in the table. */
export const REFERENCE = 'nginx'
export const GATEWAY = 'ccload'
/** The mock asked without anything in between. */
export const DIRECT = 'direct'

export type Unit = 'µs' | 'ms' | 'req/s' | 'MB' | 'events' | '×'

/** What a target is about: the value itself, or how many times the reference of the same round. */
export type Target = { readonly of: 'value' | 'ratio'; readonly atMost: number }

/** One measure of several programs. Rounds of the same index were measured one right after the other. */
export type Figure = {
  /** Group it is chosen by: `--only unary`. */
  readonly group: string
  readonly title: string
  readonly unit: Unit
  readonly values: ReadonlyMap<string, readonly number[]>
  readonly target?: Target
}

export type Verdict = 'ok' | 'over' | 'far over'

/** A value of a machine we do not know fails only when it is this many times what it should be. */
const FAR = 3

/** `undefined` when the figure has no target or this program was not measured. */
export function verdictOn(figure: Figure, program: string): Verdict | undefined {
  const { target } = figure
  const measured = target?.of === 'ratio' ? ratioOf(figure, program) : medianOf(figure, program)
  if (target === undefined || measured === undefined) return undefined
  if (measured <= target.atMost) return 'ok'
  return measured <= target.atMost * FAR ? 'over' : 'far over'
}

/** Ratios do not depend on the machine, so they must be met; of other values only what is far over fails. */
export function isFailure(figure: Figure, program: string): boolean {
  const verdict = verdictOn(figure, program)
  return verdict === 'far over' || (verdict === 'over' && figure.target?.of === 'ratio')
}

/** How many times the reference: the median over pairs of rounds, so that a slow minute weighs on both sides alike. */
export function ratioOf(figure: Figure, program: string, reference: string = REFERENCE): number | undefined {
  const ours = figure.values.get(program)
  const theirs = figure.values.get(reference)
  if (!ours || !theirs || program === reference) return undefined
  const ratios = ours.flatMap((value, round) => {
    const other = theirs[round]
    return other === undefined || other === 0 ? [] : [value / other]
  })
  return ratios.length === 0 ? undefined : spreadOf(ratios).median
}

export function medianOf(figure: Figure, program: string): number | undefined {
  const values = figure.values.get(program)
  return values && values.length > 0 ? spreadOf(values).median : undefined
}
