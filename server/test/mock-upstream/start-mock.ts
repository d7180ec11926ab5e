import { parseRules, type Rule } from './behaviour.ts'
import type { BenchOptions } from './bench-answers.ts'
import { Bench, BenchConnection } from './bench-connection.ts'
import { type Call, type CallFilter, callsThatFit } from './call.ts'
import { Connection } from './connection.ts'
import { Core } from './core.ts'
import type { SocketOwner } from './outbox.ts'
import { RuleBook } from './rule-book.ts'

export type MockOptions = {
  /** Default 0: any free one. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly hostname?: string
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly rules?: readonly Rule[]
  /** Records no calls and keeps no bodies. */
  readonly quiet?: boolean
  /** Cheap answers made beforehand instead of an echo; records no calls. */
  readonly bench?: BenchOptions
  /** Part of the seed of answer ids. Default: the port. */
  readonly name?: string
}

export type Mock = {
  readonly port: number
  /** Without a slash at the end. */
  readonly url: string
  /** In the order of arrival; grows while you look. */
  readonly calls: readonly Call[]
  count(filter?: CallFilter): number
  /** Replaces all rules; the first that fits a call decides. Without any, every call is answered well. */
  set(...rules: readonly Rule[]): void
  /** Adds rules behind those in force. */
  add(...rules: readonly Rule[]): void
  /** Forgets calls, rules and stored answers; open connections stay. */
  reset(): void
  /** Resolves as soon as `isSo` holds. Errors: rejects after `limitMs` (default 2,000). */
  until(isSo: (calls: readonly Call[]) => boolean, limitMs?: number): Promise<void>
  /** Stops listening and ends every connection at once. */
  close(): void
}

const LOOK_EVERY_MS = 2

/** Starts a mock of the four APIs on a socket of its own. Errors: throws what `listen` throws, such as a taken port. */
export async function startMock(options: MockOptions = {}): Promise<Mock> {
  const { hostname = '127.0.0.1', port = 0, tls, quiet = false } = options
  const rules = new RuleBook()
  rules.set(parseRules(options.rules ?? []))
  const bench = options.bench ? new Bench(options.bench) : undefined
  const held: { core?: Core } = {}
  const listener = Bun.listen<SocketOwner>({ hostname, port, ...(tls ? { tls } : {}), socket: handlers(held, bench) })
  const core = new Core({ rules, isQuiet: quiet, name: options.name ?? String(listener.port) })
  held.core = core
  return {
    port: listener.port,
    url: `${tls ? 'https' : 'http'}://${hostname.includes(':') ? `[${hostname}]` : hostname}:${listener.port}`,
    calls: core.calls,
    count: (filter) => (filter ? callsThatFit(core.calls, filter).length : core.callCount),
    set: (...given) => rules.set(parseRules(given)),
    add: (...given) => rules.add(parseRules(given)),
    reset: () => core.reset(),
    until: (isSo, limitMs = 2_000) => until(() => isSo(core.calls), limitMs),
    close: () => {
      bench?.wheel.stop()
      listener.stop(true)
    },
  }
}

type Handlers = Bun.SocketHandler<SocketOwner>

function handlers(held: { readonly core?: Core }, bench: Bench | undefined): Handlers {
  return {
    open: (socket) => {
      const { core } = held
      if (!core) return socket.terminate()
      socket.setNoDelay(true)
      socket.data = bench ? new BenchConnection(socket, core, bench) : new Connection(socket, core)
    },
    data: (socket, bytes) => socket.data?.data(bytes),
    drain: (socket) => socket.data?.drain(),
    close: (socket) => socket.data?.close(),
    error: () => {
      // `close` follows, and says all there is to say
    },
  }
}

async function until(isSo: () => boolean, limitMs: number): Promise<void> {
  const lastMs = performance.now() + limitMs
  while (!isSo()) {
    if (performance.now() > lastMs) throw new Error(`mock: waited ${limitMs} ms in vain`)
    await Bun.sleep(LOOK_EVERY_MS)
  }
}
