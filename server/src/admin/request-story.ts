import type { RequestAttempt, RequestExplained, Skipped } from '@ccload/contract/requests.ts'

type Told = Omit<RequestExplained, 'story'>

const MAX_SKIPS_TOLD = 10
const MS = 1_000

const NEXT: Readonly<Record<string, string>> = {
  'next-key': 'the next key was to be tried',
  'next-channel': 'the next channel was to be tried',
  stop: 'nothing more was tried',
}
const OVER: Readonly<Record<string, string>> = {
  'nobody-left': 'nobody else was left to ask',
  verdict: 'another attempt would not have helped',
  'max-attempts': 'the most attempts one request may have were used up (setting max_attempts)',
  'retry-budget': 'too many retries had failed lately (setting retry_budget_percent)',
  'client-gone': 'the client had left',
}

/** What happened, in sentences. @param passed  Who was passed over after the last attempt. */
export function storyOf(told: Told, passed: readonly Skipped[]): string[] {
  return [
    ...beginning(told),
    ...told.attempts.flatMap(attemptStory),
    ...passed.map((skip) => `${channel(skip)} was passed over: ${skip.reason}${until(skip.until_ms)}.`),
    ...ending(told),
  ]
}

function beginning(told: Told): readonly string[] {
  const { skipped, more_skipped: more, barred_by_token: barred, candidates } = told
  const others = candidates.filter(({ tried }) => !tried).length + told.more_candidates
  const nobody = candidates.length === 0 && skipped.length === 0 && told.state === 'failed'
  return [
    ...(nobody
      ? [`No enabled channel of this type lists the model ${told.model}${barred > 0 ? ' for this token' : ''}.`]
      : []),
    ...(barred > 0 ? [`${barred} with the model were not for this token.`] : []),
    ...skipped
      .slice(0, MAX_SKIPS_TOLD)
      .map((skip) => `${channel(skip)} was left out: ${skip.reason}${until(skip.until_ms)}.`),
    ...(skipped.length + more > MAX_SKIPS_TOLD
      ? [`${skipped.length + more - Math.min(skipped.length, MAX_SKIPS_TOLD)} more were left out.`]
      : []),
    ...(told.last_resort ? ['Everybody rested: the one that was ready first was asked all the same.'] : []),
    ...(told.seat_channel_id === undefined ? [] : [`Its session sat on channel ${told.seat_channel_id}.`]),
    ...(others > 0 ? [`${others} more could have been asked.`] : []),
  ]
}

function attemptStory(attempt: RequestAttempt): readonly string[] {
  const { verdict, cooldown } = attempt
  const who = `${channel(attempt)} with key ${attempt.api_key_used}`
  const took = `${(attempt.duration_ms / MS).toFixed(3)} s`
  const passed = attempt.passed_over.map(
    (skip) => `${channel(skip)} was passed over: ${skip.reason}${until(skip.until_ms)}.`,
  )
  if (attempt.running)
    return [...passed, `Attempt ${attempt.attempt_no + 1}: ${who} is being asked, for ${took} so far.`]
  const rule = verdict?.rule === undefined ? '' : ` by your rule "${verdict.rule}"`
  const blamed = verdict && `; blamed${rule}: ${verdict.blame}, ${NEXT[verdict.next] ?? verdict.next}`
  const said = verdict ? `: ${attempt.message.slice(0, 200)}` : ''
  return [
    ...passed,
    `Attempt ${attempt.attempt_no + 1}: ${who} ended with ${attempt.status_code} after ${took}${said}${blamed ?? ''}.`,
    ...(cooldown ? [restStory(attempt, cooldown)] : []),
  ]
}

function restStory(attempt: RequestAttempt, cooldown: NonNullable<RequestAttempt['cooldown']>): string {
  const { scope, since_ms: since, until_ms: untilMs, step, capped } = cooldown
  const what = scope === 'channel' ? channel(attempt) : `The ${scope} on ${channel(attempt).toLowerCase()}`
  const why = step === undefined ? 'the time was named' : step === 0 ? 'the first step' : `doubled ${step} times`
  const cut = capped ? ', cut to 7 days' : ''
  return `${what} rests ${Math.round((untilMs - since) / MS)} s (${why}${cut})${until(untilMs)}.`
}

function ending(told: Told): readonly string[] {
  if (told.state === 'running') return []
  const why = told.over === undefined ? '' : `: ${OVER[told.over] ?? told.over}`
  if (told.state === 'succeeded') return ['The client has its answer.']
  if (told.client_status === undefined) return ['It failed.']
  if (told.client_status === 499) return ['The client left before the end.']
  if (told.client_status === 200) return ['The client had part of the answer when it broke off.']
  return [`The client was told ${told.client_status}${why}.`]
}

function channel(one: { readonly channel_id: number; readonly channel_name?: string | undefined }): string {
  return `Channel ${one.channel_id}${one.channel_name === undefined ? '' : ` (${one.channel_name})`}`
}

function until(untilMs: number | undefined): string {
  return untilMs === undefined ? '' : `, until ${new Date(untilMs).toISOString()}`
}
