import type { Api } from '../core/channel-type.ts'
import type { Usage } from '../core/usage.ts'
import { anthropicUsage } from './anthropic/usage.ts'
import { ContentMeter } from './content-meter.ts'
import { utf8 } from './find-bytes.ts'
import { geminiUsage } from './gemini/usage.ts'
import { asArray, asObject, type Json, parseObject } from './json-fields.ts'
import { openAiUsage } from './openai-chat/usage.ts'
import { errorFromText, errorIn, type StreamError } from './stream-error.ts'
import { foldReport, NOTHING_REPORTED, netUsage, type Reported, tierNamed } from './token-counts.ts'

/** What has been understood of one answer so far. Written by the readers of the four APIs, one event at a time. */
export type WatchState = {
  readonly api: Api
  sawContent: boolean
  finished: boolean
  error: StreamError | undefined
  reported: Reported
  /** Searches on the web that were seen one by one; for APIs that do not sum them up. */
  webSearches: number
  /** What the content amounts to, for the case that nothing is reported. */
  readonly content: ContentMeter
  responseId: string | undefined
  terminalReason: string | undefined
}

export function freshState(api: Api): WatchState {
  return {
    api,
    sawContent: false,
    finished: false,
    error: undefined,
    reported: NOTHING_REPORTED,
    webSearches: 0,
    content: new ContentMeter(api),
    responseId: undefined,
    terminalReason: undefined,
  }
}

/**
 * What one event of an API means.
 *
 * @param kind  Name of the event, or its JSON `type` where events have no names; `''` when neither is at hand cheaply.
 * @param data  JSON or text, valid during the call only.
 * @returns     False for a keep-alive, which is no event.
 */
export type EventReader = (state: WatchState, kind: string, data: Uint8Array) => boolean

/** What one whole, not streamed JSON answer of an API means: usage, id, reason, and whether it answers anything. Errors are looked for elsewhere. */
export type WholeReader = (state: WatchState, json: Json) => void

/** The usage object of an answer or event: first of the places where the APIs and the relays before them put it. */
export function usageIn(json: Json): Json | undefined {
  return (
    asObject(json['usage']) ??
    asObject(asObject(json['message'])?.['usage']) ??
    asObject(asObject(json['response'])?.['usage']) ??
    asObject(asObject(asArray(json['choices'])[0])?.['usage'])
  )
}

/** Takes up usage and the first error, wherever they are in `json`. */
export function foldCommon(state: WatchState, json: Json): void {
  foldUsage(state, json)
  state.error ??= errorIn(json)
}

export function foldUsage(state: WatchState, json: Json): void {
  const usage = usageIn(json)
  const tier = tierNamed(json['service_tier'] ?? asObject(json['response'])?.['service_tier'])
  if (usage !== undefined) {
    const reported = state.api === 'messages' ? anthropicUsage(usage) : openAiUsage(usage)
    foldReported(state, tier === undefined ? reported : { ...reported, serviceTier: reported.serviceTier ?? tier })
    return
  }
  const metadata = asObject(json['usageMetadata'])
  if (metadata !== undefined) foldReported(state, geminiUsage(metadata))
  else if (tier !== undefined && tier !== state.reported.serviceTier)
    state.reported = { ...state.reported, serviceTier: tier }
}

function foldReported(state: WatchState, reported: Reported): void {
  state.reported = foldReport(state.reported, reported)
}

/** Counts as reported, and what was seen besides. */
export function usageOfState({ reported, webSearches }: WatchState): Usage {
  return netUsage(webSearches > (reported.webSearches ?? 0) ? { ...reported, webSearches } : reported)
}

/** An event named `error`, whatever its data. */
export function foldErrorEvent(state: WatchState, data: Uint8Array): void {
  const json = parseObject(data)
  if (json === undefined) {
    state.error ??= errorFromText(utf8(data))
    return
  }
  foldUsage(state, json)
  state.error ??= errorIn(json) ?? errorIn({ error: json })
}
