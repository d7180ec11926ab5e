const MAX_EDITS = 3 // more is no slip of the finger

/**
 * The known name that was probably meant, for "did you mean".
 *
 * @returns `undefined` when nothing is near: a wrong guess is worse than none.
 * Cost: O(length²) per known name; not for a hot path.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestEdits = MAX_EDITS + 1
  for (const candidate of known) {
    const edits = editDistance(name, candidate)
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits]
  }
  return best ?? known.find((candidate) => name.startsWith(candidate) || candidate.startsWith(name))
}

/** Insertions, deletions and replacements between two texts (Levenshtein 1965). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
