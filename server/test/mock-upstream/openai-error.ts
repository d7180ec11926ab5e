import type { ErrorSpec } from './behaviour.ts'

const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  403: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'requests',
}
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
}

/** OpenAI's error body. Source: https://platform.openai.com/docs/guides/error-codes */
export function openAiError(error: ErrorSpec) {
  const status = error.status ?? 500
  return {
    error: {
      message: error.message ?? 'The server had an error while processing your request. Sorry about that!',
      type: error.type ?? TYPE_OF_STATUS[status] ?? 'server_error',
      param: null,
      code: error.code ?? CODE_OF_STATUS[status] ?? null,
    },
  }
}
