import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ImageSize, imageSize, imageTokens, UNSEEN_IMAGE_TOKENS } from './image-tokens.ts'

function base64(...bytes: readonly (number | string)[]): string {
  return Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.of(part))),
  ).toString('base64')
}

const PNG = base64(0x89, 'PNG\r\n', 0x1a, '\n', 0, 0, 0, 13, 'IHDR', 0, 0, 4, 0, 0, 0, 3, 0)
const GIF = base64('GIF89a', 0x40, 1, 0xf0, 0)
const WEBP_LOSSY = base64('RIFF', '....', 'WEBP', 'VP8 ', '....', '......', 0x80, 2, 0xe0, 1)
const WEBP_LOSSLESS = base64('RIFF', '....', 'WEBP', 'VP8L', '....', 0x2f, 0x7f, 0xc2, 0x77, 0)
const WEBP_EXTENDED = base64('RIFF', '....', 'WEBP', 'VP8X', '....', '....', 0x7f, 2, 0, 0xdf, 1, 0)
const JPEG = base64(0xff, 0xd8, 0xff, 0xe0, 0, 4, '..', 0xff, 0xff, 0xc2, 0, 17, 8, 1, 0xe0, 2, 0x80, 3, '..........')

describe('the size in the header of an image', () => {
  test.each<[string, string, ImageSize]>([
    ['PNG', PNG, { width: 1024, height: 768 }],
    ['GIF', GIF, { width: 320, height: 240 }],
    ['WebP, lossy', WEBP_LOSSY, { width: 640, height: 480 }],
    ['WebP, lossless', WEBP_LOSSLESS, { width: 640, height: 480 }],
    ['WebP, extended', WEBP_EXTENDED, { width: 640, height: 480 }],
    ['JPEG, progressive, behind metadata', JPEG, { width: 640, height: 480 }],
  ])('%s', (_, data, size) => {
    expect(imageSize(data)).toEqual(size)
  })

  test.each([
    ['nothing', ''],
    ['no base64', '!!!!'],
    ['another format', base64('BM', '................')],
    ['a PNG that ends in its header', PNG.slice(0, 20)],
    ['a JPEG without a frame', base64(0xff, 0xd8, 0xff, 0xe0, 0, 4, '..')],
    [
      'a JPEG whose segments have no length',
      base64(0xff, 0xd8, ...Array.from({ length: 300 }, () => [0xff, 0xe0, 0, 0]).flat()),
    ],
    ['a picture without a width', base64(0x89, 'PNG\r\n', 0x1a, '\n', 0, 0, 0, 13, 'IHDR', 0, 0, 0, 0, 0, 0, 3, 0)],
    [
      'a width of four billion',
      base64(0x89, 'PNG\r\n', 0x1a, '\n', 0, 0, 0, 13, 'IHDR', 255, 255, 255, 255, 0, 0, 3, 0),
    ],
  ])('%s has none', (_, data) => {
    expect(imageSize(data)).toBeUndefined()
  })

  test('whatever is sent, looking at it does no harm', () => {
    const starts = fc.constantFrom('', 'GIF89a', '\x89PNG\r\n\x1a\n', 'RIFF....WEBPVP8L', '\xff\xd8\xff')
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
        const size = imageSize(Buffer.concat([Buffer.from(start, 'latin1'), rest]).toString('base64'))
        if (size !== undefined) expect(imageTokens(size)).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})

describe('tokens of an image', () => {
  test.each([
    [200, 200, 54],
    [1_000, 1_000, 1_334],
    [1_092, 1_092, 1_590],
    [1, 1, 1],
    [8_000, 8_000, 1_600],
    [10_000, 1, 1],
    [3_136, 784, 820],
  ])('%p x %p: %p', (width, height, tokens) => {
    expect(imageTokens({ width, height })).toBe(tokens)
  })

  test('an image that cannot be seen counts like a large one', () => {
    expect(imageTokens(undefined)).toBe(UNSEEN_IMAGE_TOKENS)
  })
})
