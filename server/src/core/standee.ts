import type { ModelMatch } from './match-model.ts'
import type { Candidate } from './order-channels.ts'
import { firstKeyReadyAtMs } from './pick-key.ts'
import type { Channel, ChannelModel } from './snapshot.ts'

/** A channel that serves a model, with the entry of its list that was meant. */
export type Match = ModelMatch<Channel, ChannelModel>

/** A candidate as it stands now. */
export type Standee = Candidate & { readonly match: Match }

/**
 * How a channel stands for a model: what of it rests, and how many of its keys can be used.
 *
 * @param restUntilMs  End of the rest in a cell of the shared page, Unix ms; 0 = none. Cost: asked once for each key.
 */
export function standeeOf(match: Match, restUntilMs: (cell: number) => number, nowMs: number): Standee {
  const { channel, model } = match
  const keyRest = (key: { readonly cell: number }): number => restUntilMs(key.cell)
  let weight = 0
  for (const key of channel.keys) if (keyRest(key) === 0) weight++
  return {
    match,
    id: channel.id,
    effectivePriority: channel.effectivePriority,
    weight,
    keyCount: channel.keys.length,
    overDailyLimit: channel.overDailyLimit,
    channelRestUntilMs: restUntilMs(channel.cell),
    modelRestUntilMs: model ? restUntilMs(model.cell) : 0,
    keyRestUntilMs: weight > 0 ? 0 : firstKeyReadyAtMs(channel.keys, keyRest, nowMs),
  }
}
