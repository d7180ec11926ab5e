import type { StreamWatch } from '../protocol/stream-watch.ts'

/** Stands in where nothing can be understood: takes everything for content, and any clean end for the end. */
export function blindWatch(): StreamWatch {
  return {
    push: () => {},
    end: () => {},
    phase: 'content',
    sawContent: true,
    error: undefined,
    events: 0,
    oversizeEvents: 0,
    usage: {},
    contentTokens: 0,
    responseId: undefined,
    terminalReason: 'unread',
    framing: 'unknown',
    blindness: undefined,
  }
}
