/** Memory of the sequences of one process. Bounded; the least recently used goes first. Share one per process. */
export type SwrrCache = { readonly sequences: Map<string, Uint16Array | Uint32Array> }

const MAX_PERIOD = 10_000
const MAX_SEQUENCES = 128
const MAX_WEIGHT = 1_000_000

export function newSwrrCache(): SwrrCache {
  return { sequences: new Map() }
}

/**
 * Which member of a group is first in this turn: smooth weighted round robin, exact over every `sum of weights` turns
 * (the weights divided by their common divisor). Ties go to the smallest index.
 *
 * @param weights  One per member, whole numbers >= 1; others count as 1. At least one.
 * @param ticket   Turn number of the group, counting from 0 over all processes; any 32-bit wrap is fine.
 * @returns        Index into `weights`.
 * Limits: a group whose sum of weights exceeds 10,000 gets shares rounded to that many turns.
 * Cost: O(members); the first turn of a new set of weights costs O(turns * distinct weights).
 * Source: smooth weighted round robin as in nginx since 1.3.1 (2012).
 */
export function smoothTurn(weights: readonly number[], ticket: number, cache: SwrrCache): number {
  const whole = weights.map(wholeWeight)
  const first = whole[0] ?? 1
  if (whole.every((weight) => weight === first)) return wrap(ticket, whole.length)
  const reduced = reduce(whole)
  const name = reduced.join()
  const known = cache.sequences.get(name)
  const sequence = known ?? sequenceOf(reduced)
  if (known !== undefined) cache.sequences.delete(name)
  cache.sequences.set(name, sequence)
  if (cache.sequences.size > MAX_SEQUENCES) cache.sequences.delete(cache.sequences.keys().next().value ?? '')
  return sequence[wrap(ticket, sequence.length)] ?? 0
}

function wholeWeight(weight: number): number {
  return weight >= 1 ? Math.min(Math.floor(weight), MAX_WEIGHT) : 1
}

function wrap(ticket: number, period: number): number {
  return ((ticket % period) + period) % period
}

function reduce(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor)
  const exact = divisor === 1 ? weights : weights.map((weight) => weight / divisor)
  const sum = exact.reduce((total, weight) => total + weight, 0)
  if (sum <= Math.max(MAX_PERIOD, exact.length)) return exact
  return exact.map((weight) => Math.max(1, Math.round((weight * MAX_PERIOD) / sum)))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Members of one weight are served in turn, so only one of them, `members[next]`, can win the next turn. */
type WeightClass = { readonly weight: number; readonly members: number[]; next: number; rounds: number }

/**
 * The winners of one period. At turn t a member that won c times before stands at `t * weight - c * sum`; the highest
 * wins. The same numbers as nginx's running ones, without touching every member in every turn.
 */
function sequenceOf(weights: readonly number[]): Uint16Array | Uint32Array {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const sequence = weights.length > 0xffff ? new Uint32Array(sum) : new Uint16Array(sum)
  const classes = classesOf(weights)
  for (let turn = 0; turn < sum; turn++) {
    let winner: WeightClass | undefined
    let highest = Number.NEGATIVE_INFINITY
    for (const one of classes) {
      const stand = (turn + 1) * one.weight - one.rounds * sum
      if (stand < highest || (stand === highest && winner && head(winner) < head(one))) continue
      highest = stand
      winner = one
    }
    if (winner) sequence[turn] = takeHead(winner)
  }
  return sequence
}

function classesOf(weights: readonly number[]): readonly WeightClass[] {
  const classes = new Map<number, WeightClass>()
  weights.forEach((weight, index) => {
    const one = classes.get(weight) ?? { weight, members: [], next: 0, rounds: 0 }
    one.members.push(index)
    classes.set(weight, one)
  })
  return [...classes.values()]
}

function head(one: WeightClass): number {
  return one.members[one.next] ?? 0
}

function takeHead(one: WeightClass): number {
  const member = head(one)
  one.next = (one.next + 1) % one.members.length
  if (one.next === 0) one.rounds++
  return member
}
