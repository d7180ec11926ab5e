import type { Verdict } from '../core/failure.ts'
import type { Asked } from './admit.ts'
import type { AttemptEnd } from './attempt.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { praise } from './judge.ts'
import { attemptRow, messageOf } from './record.ts'
import type { Target } from './target.ts'

/** How long an answer that the upstream stores can be asked for again. */
const RESPONSE_KEPT_MS = 24 * 3_600_000
const OK = 200

/** The one ending of an attempt: its row, its part in health, and where its session sits from now on. */
export function settle(deps: ProxyDeps, exchange: Exchange, asked: Asked, target: Target, end: AttemptEnd, verdict: Verdict | undefined): void {
  const { failure, usage } = end
  if (!failure) {
    praise(deps, exchange, target)
    takeSeats(deps, asked, target, end.responseId)
  }
  const statusCode = verdict?.logStatus ?? OK
  const message = failure ? messageOf(failure) : (end.remark ?? 'ok')
  deps.report.ended(attemptRow(deps, exchange, { statusCode, message, usage }))
}

function takeSeats(deps: ProxyDeps, asked: Asked, { channel, key }: Target, responseId: string | undefined): void {
  const { settings } = deps.view()
  const seat = { channelId: channel.id, keyId: key.id }
  const nowMs = deps.clock.nowMs()
  if (asked.session !== undefined && settings.affinityEnabled) deps.affinity.sit(asked.session, seat, nowMs + settings.affinityMs)
  if (responseId !== undefined && asked.api === 'responses') deps.affinity.sit(`response:${responseId}`, seat, nowMs + RESPONSE_KEPT_MS)
}
