import { isIP } from 'node:net'

const BITS = { 4: 32, 6: 128 } as const

/** Whether `text` is an IP address or a CIDR range (`10.0.0.0/8`, `::1`, `fd00::/8`). */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (rest.length > 0 || (family !== 4 && family !== 6)) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family])
}
