import { ANY_MODEL } from './match-model.ts'
import type { ApiToken } from './snapshot.ts'

/** True from the instant of expiry on. 0 = never. */
export function isExpired(token: Pick<ApiToken, 'expiresAtMs'>, nowMs: number): boolean {
  return token.expiresAtMs > 0 && nowMs >= token.expiresAtMs
}

/**
 * Whether a token may ask for a model, compared without regard to case, as the client wrote it (before any redirect).
 *
 * @param model  `undefined` or `*` when the request names none: refused to a restricted token.
 */
export function mayUseModel(token: Pick<ApiToken, 'allowedModels'>, model: string | undefined): boolean {
  if (token.allowedModels.length === 0) return true
  if (model === undefined || model === ANY_MODEL) return false
  const wanted = model.toLowerCase()
  return token.allowedModels.some((allowed) => allowed.toLowerCase() === wanted)
}

/**
 * True when a token has no money left for another request. 0 = no limit.
 *
 * @param reservedMicroUsd  Held for its requests that are still running.
 */
export function costLimitReached(
  token: Pick<ApiToken, 'costLimitMicroUsd' | 'costUsedMicroUsd'>,
  reservedMicroUsd = 0,
): boolean {
  return token.costLimitMicroUsd > 0 && token.costUsedMicroUsd + reservedMicroUsd >= token.costLimitMicroUsd
}
