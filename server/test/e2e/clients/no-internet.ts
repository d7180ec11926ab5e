export type NoInternet = {
  /** For a child process: everything that is not this machine goes to the trap. */
  readonly env: Readonly<Record<string, string>>
  /** Hosts that were asked for since the last `forget`. */
  readonly wanted: () => readonly string[]
  forget(): void
  close(): void
}

const END_OF_HEAD = '\r\n\r\n'
const REFUSED = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/** A proxy that lets nobody out and notes who tried, so that a client stays offline and shows whom else it calls. */
export function noInternet(): NoInternet {
  const hosts = new Set<string>()
  const trap = Bun.listen<{ head: string }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { head: '' }
      },
      data(socket, bytes) {
        socket.data.head += bytes.toString()
        if (!socket.data.head.includes(END_OF_HEAD)) return
        hosts.add(hostOf(socket.data.head))
        socket.end(REFUSED)
      },
    },
  })
  const url = `http://127.0.0.1:${trap.port}`
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  const inside = '127.0.0.1,localhost'
  return {
    env: { ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: inside, no_proxy: inside },
    wanted: () => [...hosts].sort(),
    forget: () => hosts.clear(),
    close: () => trap.stop(true),
  }
}

/** `CONNECT host:443 HTTP/1.1`, or a request line with a whole address. */
function hostOf(head: string): string {
  const target = head.split(' ', 2)[1] ?? '?'
  return target.replace(/^https?:\/\//, '').replace(/[:/].*$/, '')
}
