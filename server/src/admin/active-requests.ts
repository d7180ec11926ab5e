import { ACTIVE_REQUESTS_ROUTE, type ActiveRequest } from '@ccload/contract/active-requests.ts'
import type { Control } from '../control/control.ts'
import type { AdminDeps } from './deps.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { done } from './reply.ts'

type Running = Awaited<ReturnType<Control['running']>>[number]

/** What is on its way at this instant. */
export function activeRequestEndpoints({ control }: Pick<AdminDeps, 'control'>): readonly Endpoint[] {
  return [
    endpoint(ACTIVE_REQUESTS_ROUTE, async () => {
      const running = await control.running()
      return done(running.map(activeView), { count: running.length })
    }),
  ]
}

function activeView(running: Running): ActiveRequest {
  return {
    id: running.requestId,
    model: running.model,
    client_ip: running.clientIp,
    start_time: running.startedAtMs,
    is_streaming: running.streaming,
    ...(running.channelId === 0 ? {} : { channel_id: running.channelId }),
    ...(running.channelName === '' ? {} : { channel_name: running.channelName }),
    ...(running.channelType === '' ? {} : { channel_type: running.channelType }),
    ...(running.keyUsed === '' ? {} : { api_key_used: running.keyUsed }),
    ...(running.tokenId === 0 ? {} : { token_id: running.tokenId }),
    ...(running.bytesReceived === 0 ? {} : { bytes_received: running.bytesReceived }),
    ...(running.clientFirstByteMs === 0 ? {} : { client_first_byte_time: running.clientFirstByteMs / 1000 }),
  }
}
