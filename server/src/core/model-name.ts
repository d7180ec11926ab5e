const MAX_NAME_CHARS = 256
const REGION = /^(?:us-gov|us|eu|apac|ap|au|ca|in|jp|sa|global|regional)\.(?=[a-z0-9]+\.)/
const BEDROCK_VENDOR =
  /^(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|writer|zai)\.(?=.)/
const BEDROCK_VERSION = /(?:-v?\d+)?(?::\d+)+(?::\d+k)?$|-v\d+$/
const MARK = /(?:\[[^\]]*\]|:(?:beta|cloud|exacto|extended|floor|free|latest|nitro|online|thinking))$/
const DATE = /-(?:20\d{6}|20\d{2}-\d{2}-\d{2}|00\d)$/
const GEMINI_PREVIEW = /^(gemini-.+)-preview(?:-\d{2}-(?:\d{2}|20\d{2}))?$/

/**
 * The names under which a model may stand in a table, most literal first: as written; without the path, region, vendor
 * and version that clouds and relays put around it; without marks such as `[1m]` and `:thinking`; without `-latest` or
 * its date; and in the spelling of its vendor (`claude-4.5-sonnet` is `claude-sonnet-4-5`, `gpt-5-2` is `gpt-5.2`).
 *
 * @param model  As a client, a channel or an upstream wrote it; untrusted, of any case. Only 256 characters count.
 * @returns      Lower case, each once, never empty strings.
 * Cost: about ten regular expressions without backtracking; meant to be kept, see `priceOf`.
 * Source: AWS Bedrock "Inference profiles" and Google Vertex AI "Claude model versions" for the forms around a name.
 */
export function modelNames(model: string): readonly string[] {
  const plain = model.slice(0, MAX_NAME_CHARS).trim().toLowerCase()
  const bare = withoutPlace(plain)
  const unmarked = withoutMarks(bare)
  const undated = withoutDate(unmarked)
  const forms = [plain, bare, unmarked, undated, respelled(bare), respelled(unmarked), respelled(undated)]
  return [...new Set(forms)].filter((form) => form !== '')
}

/** The full name of a model in the spelling of its vendor, with its date but without what stands around it. */
export function spelledName(model: string): string {
  return respelled(withoutMarks(withoutPlace(model.slice(0, MAX_NAME_CHARS).trim().toLowerCase())))
}

/** The release that the vendor gives under that name: without a date, number, `-latest` or Gemini's `-preview`. */
function withoutDate(name: string): string {
  return name
    .replace(/-latest$/, '')
    .replace(DATE, '')
    .replace(GEMINI_PREVIEW, '$1')
}

/** Where clouds and relays keep it: `models/x`, `anthropic/x`, `us.anthropic.x-v1:0`, `x@20250929`. */
function withoutPlace(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1)
  const inRegion = last.replace(REGION, '')
  const ofVendor = inRegion.replace(BEDROCK_VENDOR, '')
  const version = ofVendor !== inRegion || /:\d+$/.test(ofVendor) ? BEDROCK_VERSION : /^$/
  return ofVendor
    .replace(version, '')
    .replace(/@(?:default|latest)$/, '')
    .replace('@', '-')
}

function withoutMarks(name: string): string {
  let rest = name
  for (let shorter = rest.replace(MARK, ''); shorter !== rest; shorter = rest.replace(MARK, '')) rest = shorter
  return rest
}

function respelled(name: string): string {
  if (name.startsWith('ft:')) return name
  const dotted = name.replaceAll(':', '-').replace(/(\d)p(\d)(?=-|$)/g, '$1.$2')
  if (dotted.includes('claude')) return respelledClaude(dotted)
  return dotted
    .replace(/^meta-(?=llama)/, '')
    .replace(/^zai-(?=glm)/, '')
    .replace(/^qwen-3(?=[-.])/, 'qwen3')
    .replace(/^llama-?v?(?=\d)/, 'llama-')
    .replace(/^gpt-35(?=-|$)/, 'gpt-3.5')
    .replace(/^((?:deepseek-v|gemini-|glm-|gpt-|grok-|kimi-k|llama-|mimo-v|minimax-m|qwen)\d)-(\d)(?=-|$)/, '$1.$2')
}

function respelledClaude(name: string): string {
  return name
    .slice(name.indexOf('claude'))
    .replaceAll('.', '-')
    .replace(/^claude-([4-9](?:-\d)?)-(opus|sonnet|haiku)(?=-|$)/, 'claude-$2-$1')
    .replace(/^claude-(opus|sonnet|haiku)-(3(?:-\d)?)(?=-|$)/, 'claude-$2-$1')
}

/** Ends that make another kind of model of it, whose price its family does not tell. */
const OTHER_KIND = /-(?:audio|deep-research|embedding|image|live|pro|realtime|transcribe|tts|ultra)(?:-|$)/
const VERSION = /^-\d(?!\d)/
/** Rows of their own, for versions that nobody has a price of yet. */
const CLAUDE_LINE = /^claude-(?:opus|sonnet|haiku)(?=-)/

/**
 * The shorter names that a model may be a variant of, longest first: `gpt-5.2-codex-high` is one of `gpt-5.2-codex` and
 * of `gpt-5.2`. A further version number makes another model (`grok-4` says nothing about `grok-4-1`), and so do ends
 * such as `-pro` and `-tts`.
 *
 * @param name  A result of `modelNames`.
 */
export function familyNames(name: string): readonly string[] {
  const families: string[] = []
  for (let at = name.length - 1; at > 0; at--) {
    if (!'-:[@'.includes(name.charAt(at))) continue
    const end = name.slice(at)
    if (OTHER_KIND.test(end)) break
    if (!VERSION.test(end)) families.push(name.slice(0, at))
  }
  const line = CLAUDE_LINE.exec(name)?.[0]
  return line === undefined || line === families.at(-1) ? families : [...families, line]
}
