import { DIRECT, type Figure, GATEWAY, medianOf, REFERENCE, ratioOf, type Unit, verdictOn } from './figure.ts'
import { spreadOf } from './statistics.ts'

/**
 * The figures as a Markdown table: one row each, a column for every program that was measured, what the gateway is to the
 * reference, and the target.
 */
export function tableOf(figures: readonly Figure[], against: string | undefined): string {
  const programs = [REFERENCE, ...(against === undefined ? [] : [against]), GATEWAY]
  const withDirect = figures.some((figure) => figure.values.has(DIRECT)) ? [DIRECT, ...programs] : programs
  const head = [
    'Measure',
    ...withDirect,
    `to ${REFERENCE}`,
    ...(against === undefined ? [] : [`to ${against}`]),
    'Target',
    '',
  ]
  const rows = figures.map((figure) => [
    figure.title,
    ...withDirect.map((program) => cellOf(figure, program)),
    times(ratioOf(figure, GATEWAY)),
    ...(against === undefined ? [] : [times(ratioOf(figure, GATEWAY, against))]),
    targetOf(figure),
    verdictOn(figure, GATEWAY) ?? '',
  ])
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** One line for the terminal, as soon as a figure is known. */
export function lineOf(figure: Figure): string {
  const cells = [...figure.values.keys()].map((program) => `${program} ${cellOf(figure, program)}`)
  const ratio = times(ratioOf(figure, GATEWAY))
  const verdict = verdictOn(figure, GATEWAY)
  return [
    `${figure.group.padEnd(9)} ${figure.title}:`,
    cells.join(', '),
    ...(ratio === '' ? [] : [ratio]),
    ...(verdict === undefined ? [] : [`(target ${targetOf(figure)}: ${verdict})`]),
  ].join(' ')
}

function targetOf({ target, unit }: Figure): string {
  if (target === undefined) return ''
  return target.of === 'ratio' ? `≤ ${times(target.atMost)}` : `≤ ${withUnit(target.atMost, unit)}`
}

/** `25.3 µs (24.1 to 27.0)`: the median, and from the lowest to the highest round where there were several. */
function cellOf(figure: Figure, program: string): string {
  const median = medianOf(figure, program)
  if (median === undefined) return ''
  const { lowest, highest, rounds } = spreadOf(figure.values.get(program) ?? [])
  const value = withUnit(median, figure.unit)
  return rounds > 1 ? `${value} (${short(lowest)} to ${short(highest)})` : value
}

function withUnit(value: number, unit: Unit): string {
  return `${short(value)} ${unit}`
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)} ×`
}

/** Three digits that mean something. */
function short(value: number): string {
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}
