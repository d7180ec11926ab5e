/** A page of a PDF is read as text (1,500 to 3,000 tokens by print), and shown as an image on top where it has any. */
const PAGE_TOKENS = 2_250
/** A PDF that hides its pages in compressed objects is taken by its size. */
const BYTES_PER_PAGE = 60_000
const MAX_PAGES = 600
const CHUNK_BASE64_CHARS = 1_048_576
/** As much as is looked at, for time; the pages of the rest are taken to be as frequent. */
const MAX_BASE64_CHARS = 8 * CHUNK_BASE64_CHARS
/** A document that we cannot look at, by URL or file id. */
export const UNSEEN_DOCUMENT_TOKENS = PAGE_TOKENS

/**
 * Tokens of a PDF, by its pages. Rough: how dense they are is not known before they are read.
 *
 * @param base64  The file, untrusted. It is never turned into tokens itself.
 * Cost: about 2 ms a MiB, at most 8 MiB.
 * Source: https://docs.claude.com/en/docs/build-with-claude/pdf-support#estimate-your-costs.
 */
export function documentTokens(base64: string): number {
  const looked = Math.min(base64.length, MAX_BASE64_CHARS)
  let pages = 0
  try {
    for (let at = 0; at < looked; at += CHUNK_BASE64_CHARS)
      pages += pagesIn(atob(base64.slice(at, Math.min(at + CHUNK_BASE64_CHARS, looked))))
  } catch {
    pages = 0 // not base64: then its size says as much as can be said
  }
  const bySize = Math.ceil((base64.length * 3) / 4 / BYTES_PER_PAGE)
  const counted = looked === 0 ? 0 : Math.round((pages * base64.length) / looked)
  return Math.min(Math.max(counted > 0 ? counted : bySize, 1), MAX_PAGES) * PAGE_TOKENS
}

/** Page objects, not the tree of pages; one that lies across two chunks is missed. */
function pagesIn(binary: string): number {
  return binary.match(/\/Type\s?\/Page(?!s)/g)?.length ?? 0
}
