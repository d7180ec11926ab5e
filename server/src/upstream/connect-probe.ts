/**
 * Whether a host accepts connections now (TLS included). `fetch` does not tell "cannot connect" from "is thinking":
 * this asks with a connection of its own, only once an answer is late, so that it costs healthy requests nothing.
 *
 * @param waitMs  Longest wait for the connection.
 */
export async function canConnect(url: URL, waitMs: number, insecureTls: boolean): Promise<boolean> {
  const tls = url.protocol === 'https:'
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), waitMs)
  const socket = Bun.connect({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (tls ? 443 : 80),
    ...(tls ? { tls: { rejectUnauthorized: !insecureTls, serverName: url.hostname } } : {}),
    socket: {
      open: () => {
        if (!tls) resolve(true)
      },
      handshake: () => resolve(true), // a refused certificate is reported by `fetch` itself
      data: () => {},
      close: () => resolve(false),
      error: () => resolve(false),
      connectError: () => resolve(false),
    },
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.then(
      (open) => open.end(),
      () => {}, // it never opened: nothing to close, and `connectError` has told
    )
  }
}
