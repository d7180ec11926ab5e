import type { Transform } from 'node:stream'
import zlib from 'node:zlib'

export type Encoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd'

/** The single encoding a `Content-Encoding` header names; `undefined` for lists and ones we cannot read. */
export function encodingOf(header: string | null): Encoding | undefined {
  const name = header?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return 'identity'
  if (name === 'x-gzip') return 'gzip'
  return name === 'gzip' || name === 'deflate' || name === 'br' || name === 'zstd' ? name : undefined
}

/** Reads an encoded body beside the relay: what it decodes is looked at, what the client gets is untouched. */
export interface SideDecoder {
  /** Resolves when all that can be read of the chunk has been looked at; never rejects: broken data ends the looking. */
  feed(chunk: Uint8Array): Promise<void>
  end(): Promise<void>
  close(): void
}

/** What a bomb may cost us in looking: half a second. */
const MAX_LOOK_BYTES = 256 * 1024 * 1024

export function sideDecoder(encoding: Exclude<Encoding, 'identity'>, look: (chunk: Uint8Array) => void): SideDecoder {
  const stream = decoderOf(encoding)
  let broken = false
  let decodedBytes = 0
  stream.on('data', (chunk: Buffer) => {
    decodedBytes += chunk.length
    if (decodedBytes <= MAX_LOOK_BYTES) look(chunk)
    else stream.destroy(new Error('more than we look at'))
  })
  stream.on('error', () => {
    broken = true // half an answer is still relayed; we only stop looking
  })
  const settle = (act: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      if (broken) return resolve()
      stream.once('error', resolve)
      act(() => {
        stream.off('error', resolve)
        resolve()
      })
    })
  return {
    feed: (chunk) => settle((done) => stream.write(chunk, done)),
    end: () => settle((done) => stream.end(done)),
    close: () => stream.destroy(),
  }
}

function decoderOf(encoding: Exclude<Encoding, 'identity'>): Transform {
  switch (encoding) {
    case 'gzip':
      return zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })
    case 'deflate':
      return zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH })
    case 'br':
      return zlib.createBrotliDecompress()
    case 'zstd':
      return zlib.createZstdDecompress()
  }
}

/**
 * A whole encoded body, decoded off this thread.
 *
 * @param maxBytes  Bound on the decoded size, against bombs.
 * @returns         `undefined` when it is broken; `'too-big'` past the bound.
 */
export function decodeWhole(
  encoding: Encoding,
  body: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array | undefined | 'too-big'> {
  return new Promise((resolve) => {
    const done = (error: Error | null, result: Buffer): void => {
      if (!error) return resolve(result)
      const code = (error as Error & { code?: string }).code
      resolve(code === 'ERR_BUFFER_TOO_LARGE' || code === 'ERR_OUT_OF_RANGE' ? 'too-big' : undefined)
    }
    const options = { maxOutputLength: maxBytes }
    switch (encoding) {
      case 'identity':
        return resolve(body)
      case 'gzip':
        return zlib.gunzip(body, options, done)
      case 'deflate':
        return zlib.inflate(body, options, done)
      case 'br':
        return zlib.brotliDecompress(body, options, done)
      case 'zstd':
        return zlib.zstdDecompress(body, options, done)
    }
  })
}
