import { dlopen, FFIType } from 'bun:ffi'
import net from 'node:net'
import { freePort } from './program.ts'

const AF_INET = 2
const SOCK_STREAM = 1
const ADDRESS_BYTES = 16
const BACKLOG = 0 // one may wait, and that place is taken below
const FILL = 4
const SETTLE_MS = 100

export type BlackHole = { readonly port: number; close(): void }

/**
 * A port on which nothing connects and nothing is refused, as with an address behind a firewall that drops: it listens,
 * nobody accepts, and its short queue is full. Linux only; neither Bun nor Node let one set such a queue.
 */
export async function blackHole(): Promise<BlackHole> {
  const libc = dlopen('libc.so.6', {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  })
  const port = freePort()
  const fd = libc.symbols.socket(AF_INET, SOCK_STREAM, 0)
  const failed = libc.symbols.bind(fd, addressOf(port), ADDRESS_BYTES) + libc.symbols.listen(fd, BACKLOG)
  if (failed !== 0) throw new Error('no such socket can be had here')
  const fillers = Array.from({ length: FILL }, () => net.connect(port, '127.0.0.1').on('error', () => {}))
  await Bun.sleep(SETTLE_MS)
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy()
      libc.symbols.close(fd)
      libc.close()
    },
  }
}

/** `struct sockaddr_in` of 127.0.0.1. */
function addressOf(port: number): Uint8Array {
  const address = Buffer.alloc(ADDRESS_BYTES)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  address.set([127, 0, 0, 1], 4)
  return address
}
