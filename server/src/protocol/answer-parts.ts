import type { Kept, KeptParts } from './json-pruner.ts'

function members(parts: Readonly<Record<string, Kept>>): KeptParts {
  return { members: new Map(Object.entries(parts)) }
}

const OUTPUT: KeptParts = { each: members({ type: true, action: members({ type: true }) }) }

const OF_RESPONSE = { id: true, object: true, status: true, usage: true, service_tier: true, output: OUTPUT } as const

/**
 * What the readers of the four APIs look at in an answer or event that is too large to be held: all but the content.
 * Errors are not kept: one that is so large is told by the name of its event.
 */
export const ANSWER_PARTS: KeptParts = members({
  ...OF_RESPONSE,
  type: true,
  stop_reason: true,
  usageMetadata: true,
  responseId: true,
  promptFeedback: members({ blockReason: true }),
  message: members({ id: true, usage: true }),
  response: members(OF_RESPONSE),
  choices: { each: members({ usage: true, finish_reason: true }) },
  candidates: { each: members({ finishReason: true, groundingMetadata: members({ webSearchQueries: true }) }) },
})
