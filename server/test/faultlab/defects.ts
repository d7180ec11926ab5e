import type { Patch } from './source-copy.ts'

/** A defect, and the rows (parts of their titles) that must see it. */
export type Defect = { readonly name: string; readonly patch: Patch; readonly rows: readonly string[] }

function defect(name: string, file: string, change: { find: string; put: string; rows: readonly string[] }): Defect {
  const { find, put, rows } = change
  return { name, patch: { file: `server/src/${file}`, find, put }, rows }
}

export const DEFECTS: readonly Defect[] = [
  defect('Retry-After read as milliseconds', 'core/retry-after.ts', {
    find: 'if (PLAIN_NUMBER.test(text)) return nowMs + wholeMs(Number(text), 1000)',
    put: 'if (PLAIN_NUMBER.test(text)) return nowMs + wholeMs(Number(text), 1)',
    rows: ['Retry-After of 2 minutes'],
  }),
  defect('a named time is doubled like our own', 'core/cooldown.ts', {
    find: 'if (exactUntilMs !== undefined && exactUntilMs > nowMs) {',
    put: 'if (exactUntilMs !== undefined && exactUntilMs < nowMs) {',
    rows: ['resets_at'],
  }),
  defect('a 429 is the client’s fault', 'core/status-verdict.ts', {
    find: '429: faultOfTooMany,',
    put: "429: 'request',",
    rows: ['429 once'],
  }),
  defect('a login prompt reaches the client', 'core/verdict.ts', {
    find: "if (fault === 'key' && status !== 429) return { clientStatus: 503, passThrough: false }",
    put: "if (fault === 'key' && status !== 429) return { clientStatus: status, passThrough: true }",
    rows: ['401 everywhere'],
  }),
  defect('a client’s mistake rests the channel', 'core/verdict.ts', {
    find: 'return { ...unrested, ...CLIENT }',
    put: "return { ...outcome, ...CLIENT, blame: 'channel' }",
    rows: ['400 context too long', '413: straight back'],
  }),
  defect('nothing ever rests', 'proxy/judge.ts', {
    find: 'if (!blamed || (result.cooldown === undefined && result.restUntilMs === undefined)) return result',
    put: 'if (!blamed || result.restUntilMs !== -1) return result',
    rows: ['503 on every call'],
  }),
  defect('rests do not grow', 'core/cooldown.ts', {
    find: 'return Math.min(Math.max(lastMs * 2, minMs), maxMs)',
    put: 'return Math.min(Math.max(lastMs, minMs), maxMs)',
    rows: ['a flapping channel'],
  }),
  defect('a success does not end a rest', 'proxy/settle.ts', {
    find: '    praise(leg)\n',
    put: '',
    rows: ['ready first answers, and is well again'],
  }),
  defect('the next key is never asked', 'proxy/course.ts', {
    find: "if (last?.next !== 'next-key') this.#keys = NO_KEYS",
    put: 'this.#keys = NO_KEYS',
    rows: ['401: the key rests'],
  }),
  defect('attempts without end', 'proxy/course.ts', {
    find: 'this.#attempts >= deps.view().settings.maxAttempts',
    put: 'this.#attempts >= 1000',
    rows: ['nine ill channels'],
  }),
  defect('an unclear 400 is shown to everyone', 'proxy/course.ts', {
    find: 'if (last?.onlyOnce) this.#spentOnlyTry = true',
    put: 'if (last?.onlyOnce) this.#spentOnlyTry = false',
    rows: ['400 of unknown meaning: one more channel'],
  }),
  defect('of resting channels the last one ready is asked', 'core/order-channels.ts', {
    find: 'if (laterMs !== 0) return laterMs < 0',
    put: 'if (laterMs !== 0) return laterMs > 0',
    rows: ['ready first answers'],
  }),
  defect('Retry-After is always a minute', 'proxy/refuse.ts', {
    find: 'retryAfterMs: failure.retryAfterMs ?? NO_CHANNEL_RETRY_MS,',
    put: 'retryAfterMs: NO_CHANNEL_RETRY_MS,',
    rows: ['503 that says when to come back'],
  }),
  defect('a broken stream ends cleanly', 'proxy/break-off.ts', {
    find: "controller.error(new Error('the upstream broke off'))",
    put: 'controller.close()',
    rows: ['connection reset'],
  }),
  defect('a cut that looks like an end is taken for one', 'proxy/relay-failures.ts', {
    find: "return watch.phase === 'finished' || isSaid ? undefined : { kind: 'stream-unfinished' }",
    put: 'return isSaid ? undefined : undefined',
    rows: ['and it looks like an end'],
  }),
  defect('no error event before the cut', 'proxy/relay.ts', {
    find: "if (isEncoded || watch.framing !== 'sse') return cutNow(controller)",
    put: 'if (watch.framing === watch.framing || isEncoded) return cutNow(controller)',
    rows: ['the connection closed'],
  }),
  defect('an error as first event is passed on', 'proxy/relay.ts', {
    find: 'if (watch.error) return this.#giveUp(softError(watch.error))',
    put: "if (watch.error) return 'content'",
    rows: ['error-event', 'meta-then-error'],
  }),
  defect('an error inside a 200 is passed on', 'proxy/attempt.ts', {
    find: '  if (failure) return { end: { failure, usage } }\n',
    put: '',
    rows: ['200 that is none: error-json'],
  }),
  defect('the upstream is not left when the client leaves', 'proxy/attempt-clock.ts', {
    find: "    watched.addEventListener('abort', gone)\n",
    put: '    void gone\n',
    rows: ['leaves before the first header'],
  }),
  defect('no limit for the first byte', 'proxy/attempt.ts', {
    find: 'clock.wait(settings.upstreamFirstByteTimeoutMs, lateFirstByte)',
    put: 'clock.wait(settings.upstreamFirstByteTimeoutMs * 5, lateFirstByte)',
    rows: ['never answers'],
  }),
  defect('a silent stream is waited for for ever', 'proxy/relay.ts', {
    find: 'return clock.wait(limits.idleMs, silentUpstream)',
    put: 'return clock.wait(limits.idleMs * 9, silentUpstream)',
    rows: ['stream falls silent'],
  }),
  defect('a stale connection is taken for an ill channel', 'upstream/send.ts', {
    find: "if (failure.kind !== 'reset' || pooledAtMs === undefined) return false",
    put: 'if (failure.kind !== pooledAtMs?.toString()) return false',
    rows: ['closes the kept connection'],
  }),
  defect('output tokens are charged twice', 'proxy/record.ts', {
    find: 'outputTokens: usage.outputTokens ?? 0,',
    put: 'outputTokens: (usage.outputTokens ?? 0) * 2,',
    rows: ['one 500, then fine'],
  }),
  defect('failed attempts are free', 'proxy/attempt.ts', {
    find: 'return { end: { failure: said?.failure ?? shown, usage: watch.usage } }',
    put: 'return { end: { failure: said?.failure ?? shown, usage: {} } }',
    rows: ['three attempts'],
  }),
  defect('the summary row is missing', 'proxy/give-up.ts', {
    find: "if (failure.kind !== 'client-gone' && verdict.clientStatus !== 400) {",
    put: "if (failure.kind !== 'client-gone' && verdict.clientStatus === 400) {",
    rows: ['500 everywhere'],
  }),
  defect('Google’s clients get signs of life', 'protocol/sign-of-life.ts', {
    find: "    case 'gemini':\n",
    put: "    case 'gemini':\n      return COMMENT\n",
    rows: ['Google’s clients break on signs'],
  }),
  defect('the first bytes after the signs of life are lost', 'proxy/keep-alive.ts', {
    find: 'if (!this.#isOver) controller.enqueue(first)',
    put: 'if (this.#isOver) controller.enqueue(first)',
    rows: ['signs of life, then the bytes'],
  }),
  defect('a failure after signs of life looks like an end', 'proxy/keep-alive.ts', {
    find: "controller.error(new Error('no answer came'))",
    put: 'controller.close()',
    rows: ['kept alive, and nobody answers'],
  }),
  defect('sealed reasoning is left in', 'proxy/repair.ts', {
    find: "if (asked.api !== 'responses' || ",
    put: "if (asked.api !== 'chat' || ",
    rows: ['asked without it at the same channel'],
  }),
  defect('a last error does not say when to come back', 'proxy/give-up.ts', {
    find: 'if (waitMs === undefined || !isTemporary(response.status)) return response',
    put: 'if (waitMs !== -1 || !isTemporary(response.status)) return response',
    rows: ['429 on every call'],
  }),
  defect('what is compressed is not looked at', 'proxy/attempt.ts', {
    find: 'watch: encoding === undefined ? blindWatch() : watch,',
    put: 'watch: isEncoded ? blindWatch() : watch,',
    rows: ['inside br: meta-then-error', 'inside gzip is cut in the middle'],
  }),
  defect('the limit of a whole request is forgotten', 'proxy/attempt.ts', {
    find: '  clock.boundBy(limit)\n',
    put: '',
    rows: ['request_total_timeout: the request is over'],
  }),
  defect('the upstream’s own words are replaced', 'proxy/refuse.ts', {
    find: "if (failure.kind === 'status' && judged.passThrough) return passedOn(failure, judged, to)",
    put: "if (failure.kind === 'status' && secrets.length > 99) return passedOn(failure, judged, to)",
    rows: ['400 context too long: straight back'],
  }),
]
