import { type ChannelTypesAnswer, PUBLIC_ROUTES, type VersionAnswer } from '@ccload/contract/public.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { done } from './reply.ts'

const CHANNEL_TYPES: ChannelTypesAnswer = [
  {
    value: 'anthropic',
    display_name: 'Claude Code',
    description: 'Claude Code兼容API',
    path_patterns: ['/v1/messages'],
    match_type: 'prefix',
  },
  {
    value: 'codex',
    display_name: 'Codex',
    description: 'Codex兼容API',
    path_patterns: ['/v1/responses'],
    match_type: 'prefix',
  },
  {
    value: 'openai',
    display_name: 'OpenAI',
    description: 'OpenAI API (GPT系列)',
    path_patterns: ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'],
    match_type: 'prefix',
  },
  {
    value: 'gemini',
    display_name: 'Google Gemini',
    description: 'Google Gemini API',
    path_patterns: ['/v1beta/'],
    match_type: 'contains',
  },
]

/** What anybody may ask: nothing here names a key, a token or a channel. */
export function publicEndpoints({ version }: Pick<AdminDeps, 'version'>): readonly Endpoint[] {
  const answer: VersionAnswer = { version, has_update: false, latest_version: '', release_url: '' }
  return [
    endpoint(PUBLIC_ROUTES.version, () => done(answer)),
    endpoint(PUBLIC_ROUTES.channelTypes, () => done(CHANNEL_TYPES)),
  ]
}
