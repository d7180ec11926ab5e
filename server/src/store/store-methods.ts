import { type Store, StoreError } from '../ports/store.ts'

export type PortName = keyof Store

/** Every method of every port of the store; a missing or misspelt one does not compile. */
export const STORE_METHODS = {
  channels: [
    'list',
    'get',
    'create',
    'update',
    'remove',
    'saveCooldowns',
    'cooldownReasons',
    'modelCooldowns',
    'saveKeyTurns',
  ],
  tokens: ['list', 'get', 'create', 'update', 'remove'],
  settings: ['list', 'save'],
  sessions: ['add', 'list', 'remove', 'removeExpired'],
  logs: ['append', 'page', 'known', 'prune', 'costByChannel', 'goneCostByToken', 'models'],
  statistics: ['read', 'recent', 'readByStatus', 'compactRollups', 'buildHistory'],
} as const satisfies { readonly [P in PortName]: readonly (keyof Store[P])[] }

/** Fails to compile when a port has a method that the list above lacks. */
type Missing = { [P in PortName]: Exclude<keyof Store[P], (typeof STORE_METHODS)[P][number]> }[PortName]
const NOTHING_MISSING: Missing extends never ? true : never = true

export type StoreCall = { readonly port: PortName; readonly method: string; readonly args: readonly unknown[] }

/** A `Store` of which every method is one `call`: the place where a thread, a queue or a translation of errors fits in. */
export function storeFrom(call: (what: StoreCall) => Promise<unknown>): Store {
  const ports: Record<string, Record<string, unknown>> = {}
  for (const [port, methods] of Object.entries(STORE_METHODS)) {
    ports[port] = Object.fromEntries(
      methods.map((method) => [method, (...args: unknown[]) => call({ port: port as PortName, method, args })]),
    )
  }
  return ports as unknown as Store & { readonly complete: typeof NOTHING_MISSING }
}

/** Runs one call on a real store. The names are checked: they may have come from another thread. */
export async function runCall(store: Store, call: StoreCall): Promise<unknown> {
  const methods: readonly string[] | undefined = Object.hasOwn(STORE_METHODS, call.port)
    ? STORE_METHODS[call.port]
    : undefined
  if (!methods?.includes(call.method)) throw new StoreError('broken', `the store has no ${call.port}.${call.method}`)
  const port = store[call.port] as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  return port[call.method]?.(...call.args)
}
