// The names that vendors give their errors, and the HTTP status each stands for in their own documentation.
const STATUS_OF_NAME: Readonly<Record<string, number>> = {
  // Anthropic
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
  // OpenAI: types, and the codes of `response.failed`
  invalid_api_key: 401,
  insufficient_quota: 429,
  requests: 429,
  tokens: 429,
  rate_limit_exceeded: 429,
  usage_limit_reached: 429,
  model_not_found: 404,
  context_length_exceeded: 413,
  content_filter: 422,
  content_policy_violation: 422,
  invalid_prompt: 422,
  server_error: 500,
  internal_server_error: 500,
  // Gemini
  invalid_argument: 400,
  failed_precondition: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  resource_exhausted: 429,
  internal: 500,
  unavailable: 503,
  deadline_exceeded: 504,
}

const DEFAULT_STATUS = 500

/**
 * The HTTP status that an error inside a 200 stands for, so that both are judged by one table.
 *
 * The more telling of the two names wins: a code such as `context_length_exceeded` says more than its type
 * `invalid_request_error`. A name nobody knows, and a plain text, is an ill channel (500).
 *
 * @param errorType  `error.type`, any case; `''` when there is none.
 * @param errorCode  `error.code` or `error.status`, a name or a number as text; `''` when there is none.
 */
export function statusOfSoftError(errorType: string, errorCode: string): number {
  const byCode = statusOfName(errorCode)
  const number = /^[45]\d\d$/.test(errorCode) ? Number(errorCode) : undefined
  return byCode ?? statusOfName(errorType) ?? number ?? DEFAULT_STATUS
}

function statusOfName(name: string): number | undefined {
  const lower = name.toLowerCase()
  return Object.hasOwn(STATUS_OF_NAME, lower) ? STATUS_OF_NAME[lower] : undefined
}
