/** The code of a network error as the platform gives it (`code`, else `name`), at most 60 characters. */
export function networkCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code = (error as Error & { code?: unknown }).code
  return (typeof code === 'string' && code !== '' ? code : error.name).slice(0, 60)
}
