import type { ErrorBody } from './error-body.ts'

/**
 * What an upstream's error text is about. `key`: our credential or its money. `account`: the whole account. `region`:
 * we call from the wrong place. `model`: it is not served there. `object`: a stored thing named by the request (answer,
 * file, cache) is not there. `request`: plainly the client's mistake. `unclear`: none of these can be told.
 */
export type ErrorMeaning = 'key' | 'account' | 'region' | 'model' | 'object' | 'request' | 'unclear'

// Matched against `ErrorBody.words`: lower case, blanks for underscores, at most 8,192 characters. Every repetition is
// bounded, so that a hostile text costs linear time.
const ACCOUNT = [
  /\b(?:account|organization|organisation|service)(?: \S{1,20}){0,3} (?:suspended|disabled|banned|deactivated)\b/,
  /账[号户].{0,8}(?:封禁|停用|禁用)/,
]
const REGION = [
  /location is not supported|unsupported country|(?:country|region|territory)[^\n]{0,40} not supported/,
  /not available in your (?:country|region)/,
]
const KEY = [
  /(?:invalid|incorrect|wrong|bad|unknown|expired|missing) (?:api[ -]?key|x-api-key)/,
  /api[ -]?key(?: \S{1,60})? (?:is )?(?:not valid|not found|invalid|expired|disabled|revoked|missing)/,
  /\b(?:this|your) key (?:is|has) (?:been )?(?:not valid|invalid|expired|disabled|revoked)/,
  /invalid (?:x-api-key|authentication|credentials|bearer|access token)|\bauthentication error\b|unauthenticated/,
  /credit balance(?: is)? too low|billing hard limit|insufficient (?:balance|credits?|quota|user quota)/,
  /quota is not enough/,
  /无效的(?:令牌|密钥)|(?:令牌|密钥)[^\n]{0,20}(?:无效|过期|禁用)|余额不足|额度不足|额度已用尽|欠费/,
]
const MODEL = [
  /\bmodel not found\b|\bmodels\/\S{1,200} is not found|\bnot found error[^\n]{0,40} model: /,
  /\bmodel\b[^\n]{0,160}(?:not exist|n't exist|not found|no longer available)/,
  /\bmodel\b[^\n]{0,160}(?:been|is) (?:deprecated|retired|removed|decommissioned)/,
  /\b(?:no such|unknown|invalid|unsupported) model\b/,
  /\bmodel(?: \S{1,200})? is (?:not available|unavailable|not supported)(?! (?:for|with|when|in combination))/,
  /not supported when using codex|\bdeployment\b[^\n]{0,80}(?:does not exist|not found)|deploymentnotfound/,
  /no available channels? for (?:the )?model|(?:not have|without|no) access to (?:the )?model/,
  /模型[^\n]{0,80}(?:不存在|未找到|无可用渠道|已下线)|无可用渠道/,
]
const OBJECT = [
  /\b(?:response|conversation|file|batch|item|assistant|thread)s?\b[^\n]{0,160}(?:not found|not exist|n't exist)/,
  /\b(?:cached ?content|vector store)s?\b[^\n]{0,160}(?:not found|not exist|n't exist)/,
  /\bno such (?:response|conversation|file|batch|item|assistant|thread)|requested entity was not found/,
]
const TOO_LONG = [
  /context (?:length|window|size)|maximum context/,
  /(?:prompt|input|request|message|text|string)s?(?: is| are)? too (?:long|large)|too many (?:input )?tokens/,
  /exceeds?(?: \S{1,30}){0,6} (?:tokens?|length|size|context)\b|input token count|reduce the length|image exceeds/,
  /max tokens|maximum (?:allowed )?(?:length|size)/,
  /(?:上下文|输入|长度)[^\n]{0,20}(?:超出|超过|过长)|(?:超出|超过)[^\n]{0,20}(?:上下文|长度|限制)/,
]
const REFUSED_PROMPT = [
  /(?:input|prompt|request|content|message)s? (?:was|were|has been|have been|is|are) (?:flagged|blocked|rejected)/,
  /requires moderation|prompt blocked|usage polic/,
]
const FILTERED = [
  ...REFUSED_PROMPT,
  /content[ -]?(?:filter|policy|management|moderation)|responsible ai|responsibleai/,
  /safety (?:system|filter|setting|polic)|data inspection failed/,
  /敏感|违规|内容安全|内容审核|审核不通过/,
]
const MALFORMED = [
  new RegExp(
    '(?:unsupported|unknown|unrecognized|unexpected|extra|missing|invalid|duplicate) (?:required |request |query )?' +
      '(?:parameter|field|value|name|property|type|role|format|json|body|schema|image|tool|function|signature|url)',
  ),
  /(?:does not|doesn't|do not|don't) support|(?:is|are) not (?:supported|allowed|permitted|compatible)/,
  /not supported (?:with|for|by|when|in)/,
  /\b(?:must|should) (?:be|have|not|contain|match|start|end|follow|include|provide|alternate)\b/,
  /\b(?:is|are) required\b|field required|required (?:field|parameter)/,
  /\bmessages?\.\d|\btools?\.\d|\bcontents?\[\d|\btool (?:use|result|call)s?\b/,
  /at least one (?:message|content|part)|non-?empty|could not (?:process|parse|decode)/,
  /(?:failed|unable) to (?:parse|decode|deserialize)/,
  /cannot (?:be (?:modified|empty|parsed)|unmarshal|deserialize)|not valid json|valid integer|greater than/,
  /less than|out of range/,
  /参数[^\n]{0,20}(?:错误|无效|非法|不支持)|不支持[^\n]{0,20}参数/,
]

/**
 * What an error text is about, whatever its status. The first that fits wins: our key and account before the client's
 * mistakes, because only their words are unmistakable; "too long" before the model, because it names the model too.
 *
 * Sources: error pages of the Anthropic, OpenAI, Gemini, Azure OpenAI, OpenRouter, Zhipu and DashScope APIs.
 */
export function meaningOf(body: ErrorBody): ErrorMeaning {
  const { words } = body
  if (words === '') return 'unclear'
  if (any(ACCOUNT, words)) return 'account'
  if (any(REGION, words)) return 'region'
  if (any(KEY, words)) return 'key'
  if (any(TOO_LONG, words) || any(FILTERED, words)) return 'request'
  if (any(MODEL, words)) return 'model'
  if (any(OBJECT, words)) return 'object'
  if (any(MALFORMED, words)) return 'request'
  if (body.param === 'model') return 'model'
  return body.param === '' ? 'unclear' : 'request'
}

/** The narrow test for statuses that mostly speak of our key: this prompt was refused for its content. */
export function isModerated(body: ErrorBody): boolean {
  return !any(ACCOUNT, body.words) && any(REFUSED_PROMPT, body.words)
}

/** The narrow test for a 5xx: relays say "no channel for this model" that way. */
export function isModelAbsent(body: ErrorBody): boolean {
  return /\bmodel not found\b|no available channels? for (?:the )?model|无可用渠道/.test(body.words)
}

function any(patterns: readonly RegExp[], words: string): boolean {
  return patterns.some((pattern) => pattern.test(words))
}
