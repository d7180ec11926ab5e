import type { BehaviourOf, FRAMINGS } from './behaviour.ts'
import { type Asked, cut, type Part, type PartKind, type Say, type Wire } from './say.ts'

export type Header = readonly [name: string, value: string]
export type Framing = (typeof FRAMINGS)[number]
export type Coding = BehaviourOf<'encoding'>['coding']

/** What a connection does, one after the other. */
export type Step =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'fin' }
  | { readonly kind: 'rst' }
  | { readonly kind: 'hang' } // holds the connection open, silent, until the client leaves
  | { readonly kind: 'done'; readonly closes: boolean } // the answer is complete; closes, or is ready for the next request

export type Stop = 'fin' | 'rst' | 'hang'

/** An answer on its way to becoming bytes. Each behaviour is a function from draft to draft. */
export type Draft = {
  readonly status: number
  readonly headers: readonly Header[]
  readonly parts: readonly Part[]
  readonly isStream: boolean
  readonly framing: Framing
  /** Replaces the headers that name the framing; the bytes stay framed as `framing` says. */
  readonly framingHeaders?: readonly Header[]
  readonly headLineEnd: '\r\n' | '\n'
  readonly chunkExtension: string
  readonly trailers: readonly Header[]
  /** Before the head. */
  readonly before: readonly Step[]
  /** Between head and body. */
  readonly afterHead: readonly Step[]
  readonly coding?: Coding
  /** Cuts the body into pieces of `bytes`, each a chunk or a write of its own. */
  readonly grain?: { readonly per: 'chunk' | 'write'; readonly bytes: number }
  /** Ends the connection after so many bytes of the body (as coded, before chunking). */
  readonly cut?: { readonly afterBytes: number; readonly how: 'fin' | 'rst' }
  /** Sends that many parts, then stops in the middle of the answer. */
  readonly stop?: { readonly afterParts: number; readonly how: Stop }
  /** A chunk header that is none, before the part with this index. */
  readonly brokenChunkAt?: number
  /** After the last part: finish properly, finish and close, or leave the body unended. */
  readonly ending: 'done' | 'fin' | 'hang'
}

/** What the behaviours may look at besides the draft. */
export type Scene = { readonly wire: Wire; readonly asked: Asked; readonly say: Say }

export function streamDraft(parts: readonly Part[], contentType: string): Draft {
  return {
    ...EMPTY,
    isStream: true,
    framing: 'chunked',
    headers: [
      ['Content-Type', contentType],
      ['Cache-Control', 'no-cache'],
    ],
    parts,
  }
}

export function wholeDraft(body: string, status = 200, contentType = 'application/json'): Draft {
  return { ...EMPTY, status, headers: [['Content-Type', contentType]], parts: [{ kind: 'content', text: body }] }
}

const EMPTY: Draft = {
  status: 200,
  headers: [],
  parts: [],
  isStream: false,
  framing: 'length',
  headLineEnd: '\r\n',
  chunkExtension: '',
  trailers: [],
  before: [],
  afterHead: [],
  ending: 'done',
}

/** The draft with a header added, or replaced when `name` is there already (in any case). */
export function withHeader(draft: Draft, name: string, value: string): Draft {
  const others = draft.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase())
  return { ...draft, headers: [...others, [name, value]] }
}

/**
 * Where "after `events` events of content" is in a stream: the index of the next part. Zero is the place before anything
 * that a gateway may take for content; beyond the end is the end of the content.
 */
export function placeAfter(parts: readonly Part[], events: number): number {
  if (events === 0) return firstOf(parts, ['open', 'content', 'finish', 'end'])
  let seen = 0
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'content') seen++
    if (seen === events) return index + 1
  }
  return firstOf(parts, ['finish', 'end'])
}

/** Halves a whole answer, so that there is a middle to do things in; a stream is left as it is. */
export function withMiddle(draft: Draft): Draft {
  const [only] = draft.parts
  if (draft.isStream || only === undefined || draft.parts.length > 1) return draft
  return { ...draft, parts: cut(only.text, 2).map((text) => ({ ...only, text })) }
}

function firstOf(parts: readonly Part[], kinds: readonly PartKind[]): number {
  const found = parts.findIndex((part) => kinds.includes(part.kind))
  return found < 0 ? parts.length : found
}
