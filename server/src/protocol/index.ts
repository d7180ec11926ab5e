import type { Api } from '../core/channel-type.ts'
import type { Vocabulary } from '../core/count-tokens/family.ts'
import { readAnthropicEvent, readAnthropicWhole } from './anthropic/read-event.ts'
import { readGeminiEvent, readGeminiWhole } from './gemini/read-event.ts'
import { readChatEvent, readChatWhole } from './openai-chat/read-event.ts'
import { readResponsesEvent, readResponsesWhole } from './openai-responses/read-event.ts'
import type { EventReader, WholeReader } from './watch-state.ts'

/** How the answers of one API are understood. */
export type ApiReaders = { readonly event: EventReader; readonly whole: WholeReader }

const CHAT: ApiReaders = { event: readChatEvent, whole: readChatWhole }

/** The registry: one row per API. A new API is a folder with these two functions and a row here. */
export const READERS: Readonly<Record<Api, ApiReaders>> = {
  messages: { event: readAnthropicEvent, whole: readAnthropicWhole },
  responses: { event: readResponsesEvent, whole: readResponsesWhole },
  chat: CHAT,
  completions: CHAT,
  embeddings: CHAT,
  gemini: { event: readGeminiEvent, whole: readGeminiWhole },
}

/** What texts of an API are estimated by, where the model makes no difference. */
export function vocabularyOf(api: Api): Vocabulary {
  return api === 'messages' ? 'claude' : 'o200k'
}
