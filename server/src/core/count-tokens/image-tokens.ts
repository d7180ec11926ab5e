/** Width and height in pixels. */
export type ImageSize = { readonly width: number; readonly height: number }

const MAX_EDGE_PX = 1_568
const MAX_TOKENS = 1_600
const PX_PER_TOKEN = 750
/** An image that we cannot look at: by URL, by file id, or of a format we do not know. */
export const UNSEEN_IMAGE_TOKENS = 1_500

/** As much of a file as is looked at: the sizes of JPEG may stand behind long metadata. */
const HEAD_BASE64_CHARS = 262_144

/**
 * Tokens of an image: its area by 750, after it has been made to fit 1568 pixels and about 1600 tokens.
 *
 * Source: https://docs.claude.com/en/docs/build-with-claude/vision#calculate-image-costs.
 */
export function imageTokens(size: ImageSize | undefined): number {
  if (size === undefined) return UNSEEN_IMAGE_TOKENS
  const scale = Math.min(1, MAX_EDGE_PX / Math.max(size.width, size.height))
  const tokens = Math.ceil((size.width * scale * size.height * scale) / PX_PER_TOKEN)
  return Math.min(Math.max(tokens, 1), MAX_TOKENS)
}

/**
 * The size that the header of a PNG, GIF, WebP or JPEG names, without decoding the image.
 *
 * @param base64  The file, untrusted; white space is not allowed in it. Only its first 256 KiB are looked at.
 * @returns       1..65535 pixels each way; `undefined` for everything else.
 * Source: PNG (RFC 2083), GIF89a, WebP container (RFC 9649), JPEG (ITU T.81, Annex B).
 */
export function imageSize(base64: string): ImageSize | undefined {
  const bytes = headOf(base64)
  if (bytes === undefined) return undefined
  const size = pngSize(bytes) ?? gifSize(bytes) ?? webpSize(bytes) ?? jpegSize(bytes)
  return size !== undefined && isPossible(size.width) && isPossible(size.height) ? size : undefined
}

function isPossible(px: number): boolean {
  return px >= 1 && px <= 65_535
}

function headOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(base64.slice(0, HEAD_BASE64_CHARS), { lastChunkHandling: 'stop-before-partial' })
  } catch {
    return undefined // it says of itself that it is base64, and is not
  }
}

function startsWith(bytes: Uint8Array, ascii: string, at = 0): boolean {
  for (let i = 0; i < ascii.length; i++) if (bytes[at + i] !== ascii.charCodeAt(i)) return false
  return true
}

function big16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
}

function little16(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1] ?? 0) * 256 + (bytes[at] ?? 0)
}

function little24(bytes: Uint8Array, at: number): number {
  return little16(bytes, at) + (bytes[at + 2] ?? 0) * 65_536
}

function pngSize(bytes: Uint8Array): ImageSize | undefined {
  if (!startsWith(bytes, 'PNG', 1) || !startsWith(bytes, 'IHDR', 12)) return undefined
  return { width: big16(bytes, 16) * 65_536 + big16(bytes, 18), height: big16(bytes, 20) * 65_536 + big16(bytes, 22) }
}

function gifSize(bytes: Uint8Array): ImageSize | undefined {
  return startsWith(bytes, 'GIF8') ? { width: little16(bytes, 6), height: little16(bytes, 8) } : undefined
}

function webpSize(bytes: Uint8Array): ImageSize | undefined {
  if (!startsWith(bytes, 'RIFF') || !startsWith(bytes, 'WEBP', 8)) return undefined
  if (startsWith(bytes, 'VP8X', 12)) return { width: little24(bytes, 24) + 1, height: little24(bytes, 27) + 1 }
  if (startsWith(bytes, 'VP8 ', 12))
    return { width: little16(bytes, 26) % 16_384, height: little16(bytes, 28) % 16_384 }
  if (!startsWith(bytes, 'VP8L', 12)) return undefined
  const bits = little16(bytes, 21) + little16(bytes, 23) * 65_536
  return { width: (bits % 16_384) + 1, height: (Math.floor(bits / 16_384) % 16_384) + 1 }
}

/** Walks from marker to marker up to the frame header, which is any of C0..CF but C4, C8 and CC. */
function jpegSize(bytes: Uint8Array): ImageSize | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined
  let at = 2
  while (at + 8 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) at += 1
    else if (isFrame(marker)) return { height: big16(bytes, at + 5), width: big16(bytes, at + 7) }
    else at += 2 + Math.max(big16(bytes, at + 2), 2)
  }
  return undefined
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}
