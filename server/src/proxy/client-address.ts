import ipaddr from 'ipaddr.js'

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Empty = nobody. */
export type AddressRanges = readonly Range[]
/** Who may say for whom it speaks. */
export type TrustedProxies = AddressRanges

/** @param list  As in `addressRanges`; unreadable ones were reported when the configuration was read. */
export function trustedProxies(list: readonly string[]): TrustedProxies {
  return addressRanges(list)
}

/** @param list  Addresses and CIDR ranges; what is none of these is passed over. */
export function addressRanges(list: readonly string[]): AddressRanges {
  return list.flatMap((text): Range[] => {
    if (ipaddr.isValidCIDR(text)) return [asIPv4(ipaddr.parseCIDR(text))]
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
  if (trusted.length === 0 || !isInRanges(direct, trusted)) return direct
  const hops = headers.get('x-forwarded-for')?.split(',') ?? [headers.get('x-real-ip') ?? '']
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = plain(hops[at]?.trim() ?? '')
    if (!isAddress(hop)) return direct
    if (!isInRanges(hop, trusted)) return hop
  }
  return direct
}

/** `::ffff:10.0.0.0/104` is `10.0.0.0/8`, for addresses are compared as IPv4 wherever they can be. */
function asIPv4([address, bits]: Range): Range {
  if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || bits < 96) return [address, bits]
  return [address.toIPv4Address(), bits - 96]
}

/** IPv4 as IPv4, also when it came in through an IPv6 socket. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** IPv4 through an IPv6 socket counts as IPv4; what is no address is in no range. */
export function isInRanges(address: string, ranges: AddressRanges): boolean {
  if (!isAddress(address)) return false
  const parsed = ipaddr.process(address)
  return ranges.some(
    ([range, bits]) => parsed.kind() === range.kind() && parsed.match([range, bits] as [ipaddr.IPv4, number]),
  )
}

/** In full: `1.2.3` is an address too for old libraries, and another one. */
function isAddress(text: string): boolean {
  return text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)
}
