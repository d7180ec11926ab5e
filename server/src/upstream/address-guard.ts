import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/**
 * Which addresses may be called. People run models at home, so loopback and private networks are allowed; what only an
 * attacker wants is not: link-local and cloud metadata, "any" and broadcast addresses, and our own listener (a loop).
 * Addresses that hide another (IPv4-mapped, 6to4, NAT64, Teredo) are judged by the one inside.
 *
 * The name is resolved here and again by the HTTP client a moment later: a resolver that changes its answer within
 * that moment is the gap that remains.
 */
export type AddressGuard = {
  /** `undefined` = may be called; else why not. Only a name not seen for a while costs a look-up (a promise). */
  check(url: URL): string | undefined | Promise<string | undefined>
}

type Lookup = (host: string) => Promise<readonly string[]>

const REMEMBERED_MS = 10_000
const MAX_REMEMBERED = 10_000
const METADATA = new Set(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '192.0.0.192'])
const REFUSED_RANGES = new Set(['linkLocal', 'unspecified', 'broadcast', 'multicast', 'reserved'])

export function addressGuard(ownPort: number, nowMs: () => number, lookup: Lookup = resolveAll): AddressGuard {
  const seen = new Map<string, { untilMs: number; refusal: string | undefined }>()
  return {
    check(url) {
      const known = seen.get(url.host)
      if (known && known.untilMs > nowMs()) return known.refusal
      const port = portOf(url)
      const host = bare(url.hostname)
      const remember = (addresses: readonly string[]): string | undefined => {
        const refusal = addresses.map((address) => refusalOf(address, port, ownPort)).find((why) => why !== undefined)
        if (seen.size >= MAX_REMEMBERED) seen.clear()
        seen.set(url.host, { untilMs: nowMs() + REMEMBERED_MS, refusal })
        return refusal
      }
      return ipaddr.isValid(host) ? remember([host]) : lookup(host).then(remember)
    },
  }
}

/** Why an address in a URL must not be called, as far as it can be told without a look-up. `undefined` = it may. */
export function literalRefusal(url: URL, ownPort: number): string | undefined {
  const host = bare(url.hostname)
  return ipaddr.isValid(host) ? refusalOf(host, portOf(url), ownPort) : undefined
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

/** Why this address must not be called; `undefined` when it may. Unreadable addresses are refused. */
export function refusalOf(address: string, port: number, ownPort: number): string | undefined {
  if (!ipaddr.isValid(address)) return `unreadable address ${address}`
  const inner = innermost(ipaddr.parse(address))
  const text = inner.toString()
  if (METADATA.has(text)) return `${text} is a cloud metadata address`
  if (REFUSED_RANGES.has(inner.range())) return `${text} is a ${inner.range()} address`
  if (port === ownPort && isOurs(inner)) return `${text}:${port} is this gateway itself`
  return undefined
}

type Address = ReturnType<typeof ipaddr.parse>

function innermost(address: Address): Address {
  if (address.kind() === 'ipv4') return address
  const bytes = address.toByteArray()
  const range = address.range()
  if (range === 'ipv4Mapped' || range === 'rfc6145' || range === 'rfc6052') return ipv4(bytes.slice(12))
  if (range === '6to4') return ipv4(bytes.slice(2, 6))
  if (range === 'teredo') return ipv4(bytes.slice(12).map((byte) => byte ^ 0xff))
  const isCompatible = range !== 'loopback' && bytes.slice(0, 12).every((byte) => byte === 0) // ::a.b.c.d
  return isCompatible ? ipv4(bytes.slice(12)) : address
}

function ipv4(bytes: number[]): Address {
  return new ipaddr.IPv4(bytes)
}

function isOurs(address: Address): boolean {
  if (address.range() === 'loopback') return true
  const text = address.toString()
  return Object.values(networkInterfaces()).some((list) => list?.some((net) => net.address === text))
}

function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** All addresses of a name; empty when it does not resolve, which the HTTP client then reports itself. */
async function resolveAll(host: string): Promise<readonly string[]> {
  try {
    return (await Bun.dns.lookup(host, { family: 'any' })).map((entry) => entry.address)
  } catch {
    return [] // `fetch` meets the same failure and names it
  }
}
