import { once } from 'node:events'
import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Coding } from './draft.ts'

type Coder = {
  readonly open: () => Transform & { flush(kind: number, done: () => void): void }
  readonly flushKind: number
}

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants

const CODERS: Readonly<Record<Coding, Coder>> = {
  gzip: { open: () => zlib.createGzip(), flushKind: Z_SYNC_FLUSH },
  deflate: { open: () => zlib.createDeflate(), flushKind: Z_SYNC_FLUSH },
  br: { open: () => zlib.createBrotliCompress(), flushKind: BROTLI_OPERATION_FLUSH },
  zstd: { open: () => zlib.createZstdCompress(), flushKind: ZSTD_e_flush },
}

/**
 * Compresses a body piece by piece, each flushed so that it can be read before the next one comes. What the format adds
 * at its end is in the last piece.
 */
export async function encodePieces(pieces: readonly Uint8Array[], coding: Coding): Promise<readonly Uint8Array[]> {
  const coder = CODERS[coding]
  const stream = coder.open()
  let made: Uint8Array[] = []
  stream.on('data', (bytes: Uint8Array) => made.push(bytes))
  const coded: Uint8Array[] = []
  for (const [index, piece] of pieces.entries()) {
    stream.write(piece)
    if (index < pieces.length - 1) await new Promise<void>((done) => stream.flush(coder.flushKind, done))
    else await finished(stream)
    coded.push(Buffer.concat(made))
    made = []
  }
  return coded
}

async function finished(stream: Transform): Promise<void> {
  const end = once(stream, 'end')
  stream.end()
  await end
}
