import ipaddr from 'ipaddr.js'

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Who may say for whom it speaks. Empty = nobody. */
export type TrustedProxies = readonly Range[]

/** @param list  Addresses and CIDR ranges; unreadable ones were reported when the configuration was read. */
export function trustedProxies(list: readonly string[]): TrustedProxies {
  return list.flatMap((text): Range[] => {
    if (ipaddr.isValidCIDR(text)) return [ipaddr.parseCIDR(text)]
    if (!ipaddr.isValid(text)) return []
    const address = ipaddr.process(text)
    return [[address, address.kind() === 'ipv4' ? 32 : 128] as const]
  })
}

/**
 * The address a request comes from: the peer, or, when a trusted proxy is the peer, the last hop in `X-Forwarded-For`
 * (else `X-Real-IP`) that is not itself trusted. What strangers write into these headers is never believed.
 */
export function clientAddress(peer: string, headers: Headers, trusted: TrustedProxies): string {
  const direct = plain(peer)
  if (trusted.length === 0 || !isTrusted(direct, trusted)) return direct
  const hops = headers.get('x-forwarded-for')?.split(',') ?? [headers.get('x-real-ip') ?? '']
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = plain(hops[at]?.trim() ?? '')
    if (!isAddress(hop)) return direct
    if (!isTrusted(hop, trusted)) return hop
  }
  return direct
}

/** IPv4 as IPv4, also when it came in through an IPv6 socket. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function isTrusted(address: string, trusted: TrustedProxies): boolean {
  if (!isAddress(address)) return false
  const parsed = ipaddr.process(address)
  return trusted.some(
    ([range, bits]) => parsed.kind() === range.kind() && parsed.match([range, bits] as [ipaddr.IPv4, number]),
  )
}

/** In full: `1.2.3` is an address too for old libraries, and another one. */
function isAddress(text: string): boolean {
  return text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)
}
