/** How many rows to ask of the next slice of long work, so that no slice holds the database for long. */
export type SliceSize = {
  rows(): number
  /** The last slice took so long. */
  took(ms: number): void
}

export type SliceBounds = {
  readonly least: number
  readonly most: number
  /** Slices that take longer become smaller, those that take less than a third of it greater. */
  readonly wantedMs: number
}

/** Begins small: nobody knows the disk yet. Halves at once, grows by a quarter. */
export function sliceSize({ least, most, wantedMs }: SliceBounds): SliceSize {
  let rows = least
  return {
    rows: () => rows,
    took(ms) {
      if (ms > wantedMs) rows = Math.max(least, Math.floor(rows / 2))
      else if (ms < wantedMs / 3) rows = Math.min(most, Math.ceil(rows * 1.25))
    },
  }
}
