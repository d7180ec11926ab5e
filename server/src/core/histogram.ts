/*
 * How values of one kind (milliseconds) are spread, in slots of a logarithmic scale: small, mergeable in any order, and
 * good for quantiles. Its text can be joined to another's to add the two, so a database can add without reading.
 */

/** Slot -> how many values fell into it, > 0. */
export type Histogram = ReadonlyMap<number, number>

const SLOTS_PER_DOUBLING = 4
/** The last slot holds everything from 2^20 ms (17 minutes) on. */
const LAST_SLOT = 80
/** One character for each slot: printable ASCII without digits, blank, quote and backslash. */
const ALPHABET = alphabet()
const TOKEN = /([^0-9])(\d*)/g

/**
 * The slot of a value: slot n covers [2^(n/4), 2^((n+1)/4)) ms.
 *
 * @param valueMs  Below 1 ms, negative or NaN: the first slot. From 2^20 ms on: the last one.
 */
export function slotOf(valueMs: number): number {
  if (!(valueMs > 1)) return 0
  return Math.min(Math.floor(Math.log2(valueMs) * SLOTS_PER_DOUBLING), LAST_SLOT)
}

/** Both together. Associative and commutative; the empty one changes nothing. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const sum = new Map(a)
  for (const [slot, count] of b) sum.set(slot, (sum.get(slot) ?? 0) + count)
  return sum
}

export function histogramOf(valuesMs: Iterable<number>): Histogram {
  const counts = new Map<number, number>()
  for (const valueMs of valuesMs) countInto(counts, slotOf(valueMs))
  return counts
}

export function countInto(counts: Map<number, number>, slot: number): void {
  counts.set(slot, (counts.get(slot) ?? 0) + 1)
}

/** Slot characters, each followed by its count when that is not 1, in no particular order. `''` = empty. */
export function histogramText(histogram: Histogram): string {
  let text = ''
  for (const [slot, count] of histogram) text += count === 1 ? ALPHABET[slot] : `${ALPHABET[slot]}${count}`
  return text
}

/** The sum of all texts that were joined to this one. What is not such a text is passed over. */
export function parseHistogram(text: string): Histogram {
  const counts = new Map<number, number>()
  for (const [, letter = '', digits = ''] of text.matchAll(TOKEN)) {
    const slot = ALPHABET.indexOf(letter)
    const count = digits === '' ? 1 : Number(digits)
    if (slot >= 0 && count > 0) counts.set(slot, (counts.get(slot) ?? 0) + count)
  }
  return counts
}

/**
 * The value below which a share of all values lies (nearest rank), ms. `undefined` when there are none.
 *
 * @param share  0..1; 0.5 is the median.
 * @returns      The geometric middle of a slot: for values of 1 ms to 17 minutes within 9.1 % (2^(1/8)) of the true
 *               one; outside of that the edge of the scale.
 */
export function quantileMs(histogram: Histogram, share: number): number | undefined {
  let total = 0
  for (const count of histogram.values()) total += count
  if (total === 0) return undefined
  let left = Math.max(1, Math.ceil(share * total))
  for (const [slot, count] of [...histogram].toSorted(([a], [b]) => a - b)) {
    left -= count
    if (left <= 0) return middleMs(slot)
  }
  return middleMs(LAST_SLOT)
}

function middleMs(slot: number): number {
  return slot === LAST_SLOT ? 2 ** (LAST_SLOT / SLOTS_PER_DOUBLING) : 2 ** ((slot + 0.5) / SLOTS_PER_DOUBLING)
}

function alphabet(): string {
  let letters = ''
  for (let code = 0x21; code < 0x7f; code++) {
    const letter = String.fromCharCode(code)
    if (!/[0-9"\\]/.test(letter)) letters += letter
  }
  return letters
}
