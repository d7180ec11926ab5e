import { createHash } from 'node:crypto'
import { at, listAt } from './json.ts'
import type { Usage } from './say.ts'

const CHARS_PER_TOKEN = 4

/**
 * What a vendor's prompt cache holds: the beginnings of conversations, for each credential its own. Message by message,
 * without a least length and for ever, so that a test can tell to the token what going elsewhere has cost.
 */
export class PromptCache {
  readonly #known = new Set<string>()

  /** How much of this conversation is known here; all of it is, afterwards. */
  usage(key: string, body: unknown, estimate: Usage): Usage {
    let hash = key
    let readChars = 0
    let chars = 0
    for (const part of partsOf(body)) {
      hash = createHash('sha256').update(hash).update(part).digest('hex')
      chars += part.length
      if (this.#known.has(hash)) readChars = chars
      this.#known.add(hash)
    }
    const cacheReadTokens = Math.ceil(readChars / CHARS_PER_TOKEN)
    return { ...estimate, cacheReadTokens, inputTokens: Math.ceil((chars - readChars) / CHARS_PER_TOKEN) }
  }

  clear(): void {
    this.#known.clear()
  }
}

/** Tools and system prompt, then each message. */
function partsOf(body: unknown): readonly string[] {
  const before = ['tools', 'system', 'instructions', 'systemInstruction'].map((name) => at(body, name) ?? null)
  const said = ['messages', 'input', 'contents'].flatMap((name) => listAt(body, name))
  return [before, ...said].map((part) => JSON.stringify(part))
}
