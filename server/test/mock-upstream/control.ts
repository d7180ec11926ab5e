import { describeBehaviours, parseRules } from './behaviour.ts'
import { type Call, callsThatFit } from './call.ts'
import type { Core } from './core.ts'
import { parseJson } from './json.ts'
import { headerOf, type RequestHead } from './request-reader.ts'

const PREFIX = '/_mock'
const SHOWN_BODY_BYTES = 16_384

export function isControl(head: RequestHead): boolean {
  return head.target === PREFIX || head.target.startsWith(`${PREFIX}/`) || head.target.startsWith(`${PREFIX}?`)
}

type Reply = { readonly status: number; readonly text: string }

/** Answers a request to the control API. */
export function control(core: Core, head: RequestHead, body: Uint8Array): Uint8Array {
  const { status, text } = reply(core, head, Buffer.from(body).toString())
  const type = text.startsWith('{') || text.startsWith('[') ? 'application/json' : 'text/plain; charset=utf-8'
  const lines = [
    `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Refused'}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
}

function reply(core: Core, head: RequestHead, body: string): Reply {
  const help = usageText(`http://${headerOf(head.headers, 'host') ?? 'HOST'}`)
  const { pathname, searchParams } = new URL(head.target, 'http://mock')
  const key = searchParams.get('key')
  const path = searchParams.get('path')
  const filter = { ...(key === null ? {} : { key }), ...(path === null ? {} : { path }) }
  switch (`${head.method} ${pathname}`) {
    case `GET ${PREFIX}/calls`:
      return ok(callsThatFit(core.calls, filter).map(shown))
    case `GET ${PREFIX}/count`:
      return ok({ count: key === null && path === null ? core.callCount : callsThatFit(core.calls, filter).length })
    case `POST ${PREFIX}/rules`:
      return setRules(core, body, searchParams.has('add'))
    case `POST ${PREFIX}/reset`:
      core.reset()
      return ok({ reset: true })
    case `GET ${PREFIX}`:
    case `GET ${PREFIX}/`:
      return { status: 200, text: help }
    default:
      return { status: 404, text: help }
  }
}

function setRules(core: Core, body: string, isAdded: boolean): Reply {
  try {
    const rules = parseRules(parseJson(body))
    if (isAdded) core.rules.add(rules)
    else core.rules.set(rules)
    return ok({ rules })
  } catch (error) {
    return { status: 400, text: `${String(error)}\n` }
  }
}

function ok(value: unknown): Reply {
  return { status: 200, text: JSON.stringify(value) }
}

function shown(call: Call): object {
  const { answerBody: _left, body, ...rest } = call
  const text = Buffer.from(body.subarray(0, SHOWN_BODY_BYTES)).toString()
  return { ...rest, body: text, bodyBytes: body.length }
}

/** How to use the mock from a terminal. */
export function usageText(url: string): string {
  return `Mock upstream: Anthropic, OpenAI (chat, completions, embeddings, responses) and Gemini in one.

  curl ${url}/v1/chat/completions -H 'authorization: Bearer sk-any' -d '{"model":"m","messages":[{"role":"user","content":"hi"}]}'

Control
  GET  ${url}/_mock/calls?key=&path=   what arrived
  GET  ${url}/_mock/count?key=&path=
  POST ${url}/_mock/rules              a rule or a list, replaces all; ?add=1 adds
  POST ${url}/_mock/reset              forgets calls and rules

A rule: {"key"?: "sk-1", "path"?: "/v1/messages", "times"?: 2, "every"?: 20, "do": {"kind": …} or [{…}, {…}]}
  curl ${url}/_mock/rules -d '{"times":1,"do":{"kind":"status","status":429,"headers":{"Retry-After":"7"}}}'
  curl ${url}/_mock/rules -d '{"do":[{"kind":"encoding","coding":"gzip"},{"kind":"cut-after-bytes","bytes":40,"how":"rst"}]}'

Behaviours, and what each takes
  ${describeBehaviours().join('\n  ')}
`
}
