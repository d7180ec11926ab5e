import { UsageChunkFilter } from '../protocol/usage-chunk.ts'
import type { Reader } from './reader.ts'

/**
 * The stream without the chunk of usage that only we have asked for.
 *
 * @param onRemoved  Is shown what the client does not get, in its place: all before it has been read.
 */
export function withoutUsageChunk(reader: Reader, onRemoved: (event: Uint8Array) => void): Reader {
  const filter = new UsageChunkFilter()
  let removed: Uint8Array | undefined
  let isOver = false
  const read = async (): ReturnType<Reader['read']> => {
    for (;;) {
      const isBehind = removed !== undefined
      if (removed) onRemoved(removed)
      removed = undefined
      let stripped = isBehind ? filter.next(NOTHING) : undefined
      if (!stripped || (stripped.chunk.length === 0 && stripped.removed === undefined)) {
        const { done, value } = isOver ? OVER : await reader.read()
        if (done || !value) isOver = true
        stripped = value ? filter.next(value) : filter.end()
      }
      removed = stripped.removed
      if (stripped.chunk.length > 0) return { done: false, value: stripped.chunk }
      if (isOver && removed === undefined) return OVER
    }
  }
  return { read, cancel: () => reader.cancel() }
}

const NOTHING = new Uint8Array(0)
const OVER = { done: true, value: undefined } as const
