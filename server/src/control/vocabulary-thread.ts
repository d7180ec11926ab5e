import type { Vocabulary } from '../core/count-tokens/family.ts'
import { type PairTable, pairTable, type RankedToken } from '../core/count-tokens/pair-table.ts'
import { type ToLoader, tableBuffers } from '../link/count-wire.ts'

/*
 * Entry point of a thread that loads one published vocabulary, sends it as a flat table, and is ended then: a package
 * takes 45 to 70 MB while it is loaded, its table 1.5 to 6. It must be an entry point of its own in `bun build`, too.
 */

declare const self: Worker

const LOADERS: Readonly<Record<Vocabulary, () => Promise<PairTable>>> = {
  async claude() {
    const { binaryEncoder, pat_str: pattern, stringEncoder } = await import('ai-tokenizer/encoding/claude')
    return pairTable([...Object.entries(stringEncoder), ...binaryEncoder], pattern)
  },
  async o200k() {
    const [{ default: tokens }, { O200K_TOKEN_SPLIT_REGEX: pattern }] = await Promise.all([
      import('gpt-tokenizer/bpeRanks/o200k_base'),
      import('gpt-tokenizer/encodingParams/constants'),
    ])
    return pairTable(
      tokens.map((token, rank): RankedToken => [token, rank]),
      pattern.source,
    )
  },
}

self.onmessage = async (event: MessageEvent) => {
  const { load } = event.data as ToLoader
  const table = await LOADERS[load]()
  self.postMessage(table, tableBuffers(table))
}
