import { readErrorBody } from '../core/error-body.ts'
import type { Failure } from '../core/failure.ts'
import { scanBody } from '../protocol/body-scan.ts'
import { refusesEncryptedContent, withoutEncryptedContent } from '../protocol/encrypted-content.ts'
import type { Asked } from './admit.ts'

/**
 * The same request in a form that the next upstream can take, where the vendor's own client would be stuck: it sends sealed
 * reasoning back that only the account which made it can open, and repeats that for ever. Once a request; `undefined` when
 * the failure is another one or there is nothing to take out. The body is changed in place, its reservation stays.
 */
export function repaired(asked: Asked, failure: Failure): Asked | undefined {
  if (asked.api !== 'responses' || asked.isRepaired || !isSealed(failure)) return undefined
  const { body } = asked
  const plain = withoutEncryptedContent(body.plain)
  const scan = plain && scanBody(plain)
  if (plain === undefined || scan === undefined || 'fault' in scan) return undefined
  body.plain = plain
  body.bytes = plain
  return { ...asked, scan, isRepaired: true }
}

function isSealed(failure: Failure): boolean {
  if (failure.kind !== 'soft-error' && !(failure.kind === 'status' && failure.status === 400)) return false
  return refusesEncryptedContent(readErrorBody(failure.body))
}
