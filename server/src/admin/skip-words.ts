import type { Skipped } from '@ccload/contract/requests.ts'
import type { Control, LeftOut } from '../control/control.ts'
import type { SkipReason } from '../core/order-channels.ts'

type Why = SkipReason | LeftOut['why']

const WORDS: Readonly<Record<Why, string>> = {
  disabled: 'it is disabled',
  'wrong-model': 'it does not list the model',
  'not-for-token': 'the token may not use it',
  cooling: 'it rests after failures',
  'all-keys-cooling': 'all of its keys rest',
  'model-cooling': 'the model rests on it',
  'daily-limit': 'its cost limit of the day is reached',
  'rpm-limit': 'its requests of this minute are used up',
  busy: 'as many requests as it may have were running',
  'no-keys': 'it has no keys',
  unpriced: 'its costs are limited and the price of the model is not known',
}

export type SkipSeen = { readonly channelId: number; readonly why: string; readonly untilMs?: number | undefined }

/** A channel that was passed over, as the admin API shows it. */
export function skipView({ channelId, why, untilMs }: SkipSeen, control: Pick<Control, 'channel'>): Skipped {
  const name = control.channel(channelId)?.name
  return {
    channel_id: channelId,
    ...(name !== undefined && { channel_name: name }),
    why,
    reason: Object.hasOwn(WORDS, why) ? WORDS[why as Why] : why,
    ...(untilMs !== undefined && { until_ms: Math.ceil(untilMs) }),
  }
}
