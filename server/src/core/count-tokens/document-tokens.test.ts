import { expect, test } from 'bun:test'
import { documentTokens } from './document-tokens.ts'

function pdf(pages: number, filling = 0): string {
  const tree = `%PDF-1.4 /Type /Pages /Count ${pages} ${'x'.repeat(filling)}`
  return btoa(tree + '/Type /Page /Parent '.repeat(pages))
}

test.each([
  [1, 2_250],
  [12, 27_000],
])('a PDF of %p pages: %p tokens', (pages, tokens) => {
  expect(documentTokens(pdf(pages))).toBe(tokens)
})

test('one whose pages cannot be seen is taken by its size', () => {
  expect(documentTokens(btoa('x'.repeat(600_000)))).toBe(10 * 2_250)
})

test('what is empty, or no base64, is one page', () => {
  expect(documentTokens('')).toBe(2_250)
  expect(documentTokens('%%%')).toBe(2_250)
})

test('none has more pages than the API takes', () => {
  expect(documentTokens(pdf(5_000))).toBe(600 * 2_250)
})
