import { describe, expect, test } from 'bun:test'
import { signOfLife } from './sign-of-life.ts'
import { watchStream } from './stream-watch.ts'

describe('a sign of life', () => {
  test.each(['messages', 'chat', 'completions', 'responses'] as const)('%s: is neither content nor an event', (api) => {
    const watch = watchStream(api, 1_000)
    for (let sign = 0; sign < 3; sign++) watch.push(new TextEncoder().encode(signOfLife(api)))
    watch.end()
    expect([watch.phase, watch.events, watch.error, watch.framing]).toEqual(['before-content', 0, undefined, 'sse'])
  })

  test.each(['gemini', 'embeddings'] as const)('%s: there is none', (api) => {
    expect(signOfLife(api)).toBeUndefined()
  })
})
