export type Listener = {
  readonly port: number
  /** New connections are refused; what runs goes on. */
  stopAccepting(): void
  /** Requests whose answer is not yet wholly with the system, from the first byte of their head on. */
  pending(): number
  /** Ends every connection. */
  close(): Promise<void>
}

export type ListenParts = {
  readonly port: number
  readonly reusePort: boolean
  readonly handler: (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>
}

/** Bun cuts silent connections after this, also in the middle of headers; a proxied request lifts it for itself. */
const IDLE_S = 10
/** Far above any limit of ours: ours answers in the dialect of the API, and after the token was checked. */
const BUN_BODY_LIMIT_BYTES = 16 * 1024 ** 3

/** Listens on all interfaces, IPv6 too where the machine has it. Errors: throws when the port is taken. */
export function listen({ port, reusePort, handler }: ListenParts): Listener {
  const server = onAnyFamily((hostname) =>
    Bun.serve({
      port,
      hostname,
      reusePort,
      idleTimeout: IDLE_S,
      maxRequestBodySize: BUN_BODY_LIMIT_BYTES,
      development: false,
      fetch: handler,
      error: () =>
        new Response('{"error":{"message":"internal error"}}', {
          status: 500,
          headers: { 'content-type': 'application/json' },
        }),
    }),
  )
  return {
    port: server.port ?? port,
    pending: () => server.pendingRequests,
    stopAccepting: () => void server.stop(false),
    close: () => server.stop(true),
  }
}

function onAnyFamily<T>(open: (hostname: string) => T): T {
  try {
    return open('::')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') throw error
    return open('0.0.0.0') // no IPv6 on this machine
  }
}
