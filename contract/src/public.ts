import { z } from 'zod'
import { channelTypeName } from './channels.ts'
import type { Route } from './route.ts'

export const PUBLIC_ROUTES = {
  version: { method: 'GET', path: '/public/version' },
  channelTypes: { method: 'GET', path: '/public/channel-types' },
} as const satisfies Record<string, Route>

export const versionAnswer = z.strictObject({
  version: z.string(),
  has_update: z.boolean(),
  /** `''` when unknown. */
  latest_version: z.string(),
  release_url: z.string(),
})
export type VersionAnswer = z.output<typeof versionAnswer>

export const channelTypesAnswer = z.array(
  z.strictObject({
    value: channelTypeName,
    display_name: z.string(),
    description: z.string(),
    path_patterns: z.array(z.string()),
    match_type: z.enum(['prefix', 'contains']),
  }),
)
export type ChannelTypesAnswer = z.output<typeof channelTypesAnswer>
