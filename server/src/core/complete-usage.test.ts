import { expect, test } from 'bun:test'
import { completeUsage } from './complete-usage.ts'
import type { Usage } from './usage.ts'

const GUESS = { inputTokens: 100, outputTokens: 20, isBroken: false }

test.each<[string, Usage, Partial<typeof GUESS>, Usage]>([
  ['what was reported stays', { inputTokens: 1, outputTokens: 2 }, {}, { inputTokens: 1, outputTokens: 2 }],
  ['none is not unknown', { inputTokens: 0, outputTokens: 0 }, {}, { inputTokens: 0, outputTokens: 0 }],
  ['nothing was reported', {}, {}, { inputTokens: 100, outputTokens: 20, isEstimated: true }],
  ['only the input was', { inputTokens: 1 }, {}, { inputTokens: 1, outputTokens: 20, isEstimated: true }],
  ['only the output was', { outputTokens: 2 }, {}, { inputTokens: 100, outputTokens: 2, isEstimated: true }],
  ['nothing to go by stays unknown', {}, { inputTokens: 0, outputTokens: 0 }, {}],
  [
    'a broken answer said more than its beginning told',
    { inputTokens: 1, outputTokens: 1 },
    { isBroken: true },
    { inputTokens: 1, outputTokens: 20, isEstimated: true },
  ],
  ['but never less', { inputTokens: 1, outputTokens: 50 }, { isBroken: true }, { inputTokens: 1, outputTokens: 50 }],
  [
    'other counts are kept',
    { cacheReadTokens: 7, isClamped: true },
    {},
    { cacheReadTokens: 7, isClamped: true, inputTokens: 100, outputTokens: 20, isEstimated: true },
  ],
])('%s', (_what, reported, guess, expected) => {
  expect(completeUsage(reported, { ...GUESS, ...guess })).toStrictEqual(expected)
})
