import { FAMILY, type RollupKey } from './rollup-table.ts'

/** The keys of all families that a row belongs to. */
export function familiesOf({ channelId, model, tokenId }: RollupKey): readonly Omit<RollupKey, 'tier' | 'bucketMs'>[] {
  return [
    { family: FAMILY.all, channelId: 0, model: '', tokenId: 0 },
    { family: FAMILY.channel, channelId, model: '', tokenId: 0 },
    { family: FAMILY.model, channelId, model, tokenId: 0 },
    ...(tokenId > 0 ? [{ family: FAMILY.token, channelId: 0, model: '', tokenId }] : []),
    { family: FAMILY.full, channelId, model, tokenId },
  ]
}
