import type { Running } from '../link/messages.ts'
import type { ProxyDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import { attemptRow } from './record.ts'

const BROKEN_STREAM = 599

/** The requests on their way, each with the row that control stores should this process die. */
export function runningNow(deps: ProxyDeps): readonly Running[] {
  return [...deps.active].map((exchange) => runningOf(deps, exchange))
}

function runningOf(deps: ProxyDeps, exchange: Exchange): Running {
  const { channel, client } = exchange
  return {
    requestId: exchange.id,
    model: exchange.model,
    clientIp: client.ip,
    startedAtMs: exchange.startedAtMs,
    streaming: exchange.streaming,
    tokenId: exchange.token?.id ?? 0,
    channelId: channel?.id ?? 0,
    channelName: channel?.name ?? '',
    channelType: channel?.type ?? '',
    keyUsed: exchange.keyUsed,
    bytesReceived: exchange.bytesReceived,
    clientFirstByteMs: exchange.clientFirstByteMs,
    row: attemptRow(
      { deps, exchange },
      {
        statusCode: BROKEN_STREAM,
        message: 'the gateway process died while this was running',
        usage: exchange.usageSoFar(),
      },
    ),
  }
}
