/** One line of the result. One number a round. */
export type Figure = {
  readonly scenario: string
  readonly what: string
  readonly unit: string
  readonly gateway: readonly number[]
  readonly nginx?: readonly number[]
  /** `ratio`: the gateway's figure by nginx's. `absolute`: the gateway's figure. */
  readonly target?: { readonly kind: 'ratio' | 'absolute'; readonly most: number }
}

export type Verdict = 'ok' | 'over' | 'fails' | ''

/** An absolute figure depends on the machine: it fails only this far beyond its target. */
const ABSOLUTE_TOLERANCE = 3

/** `over` is told, `fails` decides the exit code. */
export function verdictOf(figure: Figure): Verdict {
  const { target } = figure
  if (target === undefined) return ''
  const value = target.kind === 'ratio' ? ratioOf(figure) : median(figure.gateway)
  if (value === undefined || Number.isNaN(value)) return 'fails'
  if (value <= target.most) return 'ok'
  return target.kind === 'ratio' || value > target.most * ABSOLUTE_TOLERANCE ? 'fails' : 'over'
}

/** The median over rounds, each by the round of nginx just before it: a slow minute of the machine weighs on both alike. */
export function ratioOf({ gateway, nginx }: Figure): number | undefined {
  if (nginx === undefined) return undefined
  return median(gateway.map((value, round) => value / (nginx[round] ?? Number.NaN)))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** @param q  0..1. NaN when there are no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

const HEAD = ['scenario', 'figure', 'unit', 'nginx', 'gateway', 'ratio', 'target', '']

/** As a table in Markdown, which also reads well in a terminal. */
export function tableText(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)]
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

function rowOf(figure: Figure): readonly string[] {
  const ratio = ratioOf(figure)
  const { target } = figure
  return [
    figure.scenario,
    figure.what,
    figure.unit,
    figure.nginx ? withSpread(figure.nginx) : '',
    withSpread(figure.gateway),
    ratio === undefined || Number.isNaN(ratio) ? '' : brief(ratio),
    target === undefined ? '' : `${target.kind === 'ratio' ? 'ratio ' : ''}<= ${target.most}`,
    verdictOf(figure),
  ]
}

/** `4.7 (4.5–4.9)`: the median, and the least and the most of all rounds. */
function withSpread(values: readonly number[]): string {
  const middle = brief(median(values))
  if (values.length < 2) return middle
  return `${middle} (${brief(Math.min(...values))}–${brief(Math.max(...values))})`
}

function brief(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US')
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
}
