import type { Api } from '../core/channel-type.ts'
import { anthropicUsage } from './anthropic/usage.ts'
import { utf8 } from './find-bytes.ts'
import { geminiUsage } from './gemini/usage.ts'
import { asArray, asObject, type Json, parseObject } from './json-fields.ts'
import { openAiUsage } from './openai-chat/usage.ts'
import { errorFromText, errorIn, type StreamError } from './stream-error.ts'
import { foldReport, NOTHING_REPORTED, type Reported } from './token-counts.ts'

/** What has been understood of one answer so far. Written by the readers of the four APIs, one event at a time. */
export type WatchState = {
  readonly api: Api
  sawContent: boolean
  finished: boolean
  error: StreamError | undefined
  reported: Reported
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
  if (usage !== undefined) {
    foldReported(state, state.api === 'messages' ? anthropicUsage(usage) : openAiUsage(usage))
    return
  }
  const metadata = asObject(json['usageMetadata'])
  if (metadata !== undefined) foldReported(state, geminiUsage(metadata))
}

function foldReported(state: WatchState, reported: Reported): void {
  state.reported = foldReport(state.reported, reported)
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
