import type { RunningRest } from '../control/control.ts'
import { remainingMs } from '../core/cooldown.ts'
import type { CooldownTarget } from '../ports/channel-store.ts'

/** The rests that run at one instant, by what they rest. */
export type RestBoard = {
  readonly nowMs: number
  of(target: CooldownTarget): RunningRest | undefined
  ofModels(channelId: number): readonly (RunningRest & { readonly scope: 'model' })[]
}

export function restBoard(rests: readonly RunningRest[], nowMs: number): RestBoard {
  const running = rests.filter((rest) => remainingMs(rest, nowMs) > 0)
  const byTarget = new Map(running.map((rest) => [nameOf(rest), rest]))
  const models = Map.groupBy(
    running.filter((rest) => rest.scope === 'model'),
    (rest) => rest.channelId,
  )
  return {
    nowMs,
    of: (target) => byTarget.get(nameOf(target)),
    ofModels: (channelId) => models.get(channelId) ?? [],
  }
}

function nameOf(target: CooldownTarget): string {
  if (target.scope === 'channel') return `${target.channelId}`
  return target.scope === 'key'
    ? `${target.channelId} key ${target.keyId}`
    : `${target.channelId} model ${target.model}`
}
