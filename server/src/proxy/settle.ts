import { withVerdict } from '../core/decision.ts'
import type { AttemptEnd } from './attempt.ts'
import { type Judgement, praise } from './judge.ts'
import { attemptRow, messageOf } from './record.ts'
import type { Leg } from './trip.ts'

/** How long an answer that the upstream stores can be asked for again. */
const RESPONSE_KEPT_MS = 24 * 3_600_000
const OK = 200
/** In front, where the cut of a long message cannot reach it. */
const CAPPED = '[the reset time named lies beyond 7 days: rests 7 days] '
const REPAIRED = 'ok, asked without the encrypted content that another account had sealed'

/** The one ending of an attempt: its row, its part in health, and where its session sits from now on. */
export function settle(leg: Leg, end: AttemptEnd, verdict: Judgement | undefined): void {
  const { failure, usage } = end
  if (!failure) {
    praise(leg)
    takeSeats(leg, end.responseId)
  }
  const { exchange } = leg
  if (verdict) exchange.decision = withVerdict(exchange.decision, verdict, verdict.rested)
  const statusCode = verdict?.logStatus ?? OK
  const message = failure
    ? `${verdict?.restCapped ? CAPPED : ''}${messageOf(failure, exchange.secrets)}`
    : (end.remark ?? (leg.asked.isRepaired ? REPAIRED : 'ok'))
  leg.deps.report.ended(attemptRow(leg, { statusCode, message, usage }))
}

function takeSeats({ deps, asked, target }: Leg, responseId: string | undefined): void {
  const { channel, key } = target
  const { settings } = deps.view()
  const seat = { channelId: channel.id, keyId: key.id }
  const nowMs = deps.clock.nowMs()
  if (asked.session !== undefined && settings.affinityEnabled)
    deps.affinity.sit(asked.session, seat, nowMs + settings.affinityMs)
  if (responseId !== undefined && asked.api === 'responses')
    deps.affinity.sit(`response:${responseId}`, seat, nowMs + RESPONSE_KEPT_MS)
}
