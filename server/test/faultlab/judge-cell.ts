import type { Cooldown } from '@ccload/contract/cooldowns.ts'
import type { LogRow } from '@ccload/contract/logs.ts'
import { OUR_BREAK, OUR_ERROR, readContent, withoutSigns } from './apis.ts'
import type { Charge, ClientSaw, Expected, KeyName, Rests } from './fault-case.ts'
import { type Ask, type Seen, textOf } from './run-cell.ts'
import type { World } from './worlds.ts'

/** What the program keeps of a cell. */
export type Kept = {
  /** Of its model, in no order. */
  readonly rows: readonly LogRow[]
  /** Of its channels. */
  readonly rests: readonly Cooldown[]
  readonly chargedUsd: number
}

const WITHIN_MS = 1_000
const INPUT_USD = 3e-6
const OUTPUT_USD = 15e-6
const NANO = 1e9
/** The requests and answers here are some dozen tokens long. */
const MAX_ESTIMATE = 200

/** Every difference between what a row states and what was; empty = the cell is well. */
export function judgeCell(
  expected: Expected,
  seen: Seen,
  { kept, world }: { kept: Kept; world: World },
): readonly string[] {
  const rows = inOrder(kept.rows, seen.asks)
  return [
    ...clientFaults(expected, seen),
    ...difference('calls', expected.calls, callsOf(seen)),
    ...restFaults(expected.rests, { seen, kept, world }),
    ...difference(
      'log rows',
      expected.rows,
      rows.map((row) => lineOf(row, seen)),
    ),
    ...idFaults(rows, seen),
    ...moneyFaults(expected.money, rows, kept.chargedUsd),
    ...Object.entries(expected.says ?? {}).flatMap(([index, text]) => {
      const { message = 'no such row' } = rows[Number(index)] ?? {}
      return message.includes(text) ? [] : [`row ${index} says ${JSON.stringify(message)}, not ${JSON.stringify(text)}`]
    }),
  ]
}

function difference(what: string, expected: unknown, actual: unknown): readonly string[] {
  return Bun.deepEquals(expected, actual) ? [] : [`${what}: expected ${shown(expected)}, saw ${shown(actual)}`]
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}

function callsOf({ calls }: Seen): Readonly<Partial<Record<KeyName, number>>> {
  const counts: Partial<Record<KeyName, number>> = {}
  for (const { by } of calls.toSorted((one, other) => (one.by < other.by ? -1 : 1))) counts[by] = (counts[by] ?? 0) + 1
  return counts
}

/** By request as the client made them, then by attempt; a summary comes last. */
function inOrder(rows: readonly LogRow[], asks: readonly Ask[]): readonly LogRow[] {
  const place = (row: LogRow) => asks.findIndex(({ requestId }) => requestId === row.request_id)
  const rank = (row: LogRow) => place(row) * 1000 + (row.channel_id === 0 ? 999 : row.attempt_no)
  return rows.toSorted((one, other) => rank(one) - rank(other))
}

function lineOf(row: LogRow, { channelIds }: Seen): string {
  if (row.channel_id === 0) return `- ${row.status_code}`
  const letter = Object.entries(channelIds).find(([, id]) => id === row.channel_id)?.[0] ?? '?'
  return `${letter}${keyPlaceOf(row)} ${row.status_code}`
}

/** Masked keys keep their last four characters, and so their name. */
function keyPlaceOf(row: LogRow): string {
  return /(\d)$/.exec(row.api_key_used)?.[1] ?? '?'
}

/** One id ties the attempts of a request, and the client has it; who left before an answer has none. */
function idFaults(rows: readonly LogRow[], { asks }: Seen): readonly string[] {
  const known = new Set(asks.map(({ requestId }) => requestId))
  const isTold = asks.every(({ requestId }) => requestId !== '')
  if (!isTold) return []
  return rows.filter((row) => !known.has(row.request_id)).map((row) => `a row of the unknown request ${row.request_id}`)
}

function moneyFaults(expected: readonly Charge[], rows: readonly LogRow[], chargedUsd: number): readonly string[] {
  const tokens = rows.map((row) => [row.input_tokens, row.output_tokens] as const)
  const isStated = tokens.length === expected.length && tokens.every((seen, index) => isCharge(seen, expected[index]))
  const due = rows.map((row) => row.input_tokens * INPUT_USD + row.output_tokens * OUTPUT_USD)
  const sum = due.reduce((total, cost) => total + cost, 0)
  return [
    ...(isStated ? [] : [`tokens charged: expected ${shown(expected)}, saw ${shown(tokens)}`]),
    ...rows.flatMap((row, index) => [
      ...(isNear(row.cost, due[index] ?? 0) ? [] : [`row ${index} costs ${row.cost}, not ${due[index]}`]),
      ...stateFaults(row, expected[index] ?? [0, 0]),
    ]),
    ...(isNear(chargedUsd, sum) ? [] : [`the token was charged ${chargedUsd} USD, not ${sum}`]),
  ]
}

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) * NANO < 1
}

function isCharge(seen: readonly [number, number], stated: Charge | undefined): boolean {
  const isIt = (at: 0 | 1): boolean =>
    stated?.[at] === 'estimated' ? seen[at] > 0 && seen[at] <= MAX_ESTIMATE : seen[at] === stated?.[at]
  return isIt(0) && isIt(1)
}

/** What was not reported says so, and what was reported does not. */
function stateFaults(row: LogRow, stated: Charge): readonly string[] {
  const isEstimated = row.usage_state === 'estimated'
  return isEstimated === stated.includes('estimated') ? [] : [`the counts of a row are called ${row.usage_state}`]
}

type RestGround = { readonly seen: Seen; readonly kept: Kept; readonly world: World }

function restFaults(expected: readonly Rests[], { seen, kept, world }: RestGround): readonly string[] {
  const actual = new Map(kept.rests.map((rest) => [whatRests(rest, seen), rest]))
  const names = expected.map(({ what }) => what as string)
  return [
    ...difference('rests', names.toSorted(), [...actual.keys()].toSorted()),
    ...expected.flatMap((wanted) => {
      const rest = actual.get(wanted.what)
      if (rest === undefined) return []
      return [
        ...lengthFaults(wanted, rest, world),
        ...(rest.status_code === wanted.status
          ? []
          : [`${wanted.what} rests for ${rest.status_code}, not ${wanted.status}`]),
        ...(rest.reason !== '' || wanted.status === 0 ? [] : [`${wanted.what} rests without a reason`]),
      ]
    }),
  ]
}

/** As long as its class says, or as long as the upstream named, or until the instant it named. */
function lengthFaults(wanted: Rests, rest: Cooldown, world: World): readonly string[] {
  if ('untilMs' in wanted) {
    const isKept = Math.abs(rest.until_ms - wanted.untilMs) <= WITHIN_MS
    return isKept ? [] : [`${wanted.what} rests until ${rest.until_ms}, not ${wanted.untilMs}`]
  }
  const seconds = 'class' in wanted ? world.steps[wanted.class] : wanted.seconds
  const isKept = Math.abs(rest.step_ms - seconds * 1000) <= WITHIN_MS
  return isKept ? [] : [`${wanted.what} rests ${rest.step_ms} ms, not ${seconds} s`]
}

function whatRests(rest: Cooldown, { channelIds }: Seen): string {
  const letter = Object.entries(channelIds).find(([, id]) => id === rest.channel_id)?.[0] ?? '?'
  if (rest.scope === 'key') return `${letter}${rest.key_index}`
  return rest.scope === 'model' ? `${letter} model` : letter
}

function clientFaults({ client }: Expected, seen: Seen): readonly string[] {
  if (client.length !== seen.asks.length) return [`${seen.asks.length} requests, ${client.length} of them stated`]
  return client.flatMap((wanted, index) => {
    const ask = seen.asks[index]
    return ask === undefined ? [] : clientFault(wanted, ask, seen).map((fault) => `client ${index}: ${fault}`)
  })
}

function clientFault(wanted: ClientSaw, ask: Ask, seen: Seen): readonly string[] {
  const { api, form } = seen.cell
  const body = ask.body.toString()
  const content = readContent(api, form, { body, lastPiece: ask.lastPiece })
  const all = [...leaks(body, seen)]
  const must = (isSo: boolean, what: string): void => void (isSo || all.push(what))
  const saw = `status ${ask.status}${ask.isCut ? ', cut' : ''}, ${body.slice(0, 300)}`
  if (wanted.saw !== 'left') must(ask.requestId !== '', 'no x-ccload-request-id')
  switch (wanted.saw) {
    case 'answer':
      must(ask.status === 200 && !ask.isCut && content.isComplete, `no whole answer: ${saw}`)
      must(content.text === textOf(wanted.from), `${JSON.stringify(content.text)} is not the text of ${wanted.from}`)
      must(isSent(ask.body, wanted.from, seen), `not the bytes of ${wanted.from}`)
      must(ask.tookMs >= (wanted.atLeastMs ?? 0), `came after ${ask.tookMs} ms, before ${wanted.atLeastMs}`)
      must(isWithin(ask, wanted), `took ${ask.tookMs} ms, over ${wanted.withinMs}`)
      return all
    case 'our-error': {
      must(ask.status === wanted.status && !ask.isCut, `no ${wanted.status} of ours: ${saw}`)
      const [type, usual] = OUR_ERROR[wanted.status]?.[api] ?? ['', '']
      const code = api === 'chat' || api === 'responses' ? (wanted.code ?? usual) : usual
      must(content.error?.type === type && content.error.code === code, `not ${type} ${code}: ${saw}`)
      must(isWithin(ask, wanted), `took ${ask.tookMs} ms, over ${wanted.withinMs}`)
      return [...all, ...retryAfterFaults(wanted.retryAfterS, ask)]
    }
    case 'kept': {
      const { signs, rest } = withoutSigns(api, ask.body)
      must(ask.status === 200 && !ask.isCut && content.isComplete, `no whole answer: ${saw}`)
      must(signs >= wanted.atLeastSigns, `${signs} signs of life, not ${wanted.atLeastSigns}: ${saw}`)
      must(isSent(rest, wanted.from, seen), `not the bytes of ${wanted.from} after the signs: ${saw}`)
      return all
    }
    case 'kept-break': {
      const { signs } = withoutSigns(api, ask.body)
      must(ask.status === 200 && ask.isCut && !content.isComplete, `no visible break: ${saw}`)
      must(signs > 0 && content.text === '', `no signs alone: ${saw}`)
      must(content.error?.message.includes(wanted.says) === true, `no error event "${wanted.says}": ${saw}`)
      return all
    }
    case 'cut':
      must(ask.status === 200 && ask.isCut && ask.body.length > 0, `no cut: ${saw}`)
      must(isPartOf(ask.body, wanted.begins, seen), `not a beginning of what ${wanted.begins} sent`)
      return all
    case 'their-error':
      must(ask.status === wanted.status && !ask.isCut, `no ${wanted.status} of theirs: ${saw}`)
      must(isSent(ask.body, wanted.from, seen), `not the bytes of ${wanted.from}: ${saw}`)
      return [...all, ...retryAfterFaults(wanted.retryAfterS, ask)]
    case 'break': {
      const [type, code] = OUR_BREAK[api]
      must(ask.status === 200 && ask.isCut && !content.isComplete, `no visible break: ${saw}`)
      must(
        content.error?.type === type && content.error.code === code,
        `no error event ${type} ${code}: ${body.slice(-300)}`,
      )
      must(isBegun(content.text, wanted.begins), `${JSON.stringify(content.text)} does not begin as ${wanted.begins}`)
      must(isWithin(ask, wanted), `took ${ask.tookMs} ms, over ${wanted.withinMs}`)
      return all
    }
    case 'their-break':
      must(ask.status === 200 && !content.isComplete && content.error !== undefined, `no visible break: ${saw}`)
      must(isBegun(content.text, wanted.begins), `${JSON.stringify(content.text)} does not begin as ${wanted.begins}`)
      must(isSent(ask.body, wanted.begins, seen), `not the bytes of ${wanted.begins}`)
      return all
    case 'their-bytes':
      must(ask.status === 200 && !ask.isCut, `not the end of an answer: ${saw}`)
      must(isSent(ask.body, wanted.from, seen), `not the bytes of ${wanted.from}: ${saw}`)
      return all
    case 'left': {
      const late = seen.calls.map((call) => (call.closedEarlyAtMs ?? Number.POSITIVE_INFINITY) - (ask.leftAtMs ?? 0))
      must(ask.leftAtMs !== undefined, 'the answer was over before the client could leave')
      must(Math.max(...late) <= wanted.upstreamLeftWithinMs, `the upstream was left after ${Math.max(...late)} ms`)
      return all
    }
  }
}

function retryAfterFaults(wantedS: number | undefined, ask: Ask): readonly string[] {
  const given = ask.headers.get('retry-after')
  if (wantedS === undefined) return []
  const isRight = given !== null && Math.abs(Number(given) - wantedS) <= 1
  return isRight ? [] : [`Retry-After ${given}, not ${wantedS}`]
}

function isBegun(text: string, key: KeyName): boolean {
  return text.length > 0 && textOf(key).startsWith(text)
}

/** The bytes of the last call with this key, as the upstream meant them. */
function isSent(body: Buffer, key: KeyName, { calls }: Seen): boolean {
  return calls.some((call) => call.by === key && call.answerBody !== undefined && body.equals(call.answerBody))
}

function isPartOf(body: Buffer, key: KeyName, { calls }: Seen): boolean {
  return calls.some(
    (call) => call.by === key && call.answerBody !== undefined && body.equals(call.answerBody.subarray(0, body.length)),
  )
}

function isWithin({ tookMs }: Ask, { withinMs }: { readonly withinMs?: number }): boolean {
  return tookMs <= (withinMs ?? Number.POSITIVE_INFINITY)
}

/** No word of a key in what the client has. */
function leaks(body: string, { model }: Seen): readonly string[] {
  return body.includes(`sk-${model}`) ? ['the client saw a key'] : []
}
