import { randomUUID } from 'node:crypto'
import type { Program } from '../e2e/program.ts'
import type { Behaviour, Rule } from '../mock-upstream/behaviour.ts'
import type { Call } from '../mock-upstream/call.ts'
import { type Mock, startMock } from '../mock-upstream/start-mock.ts'
import { CHANNEL_TYPE, requestOf } from './apis.ts'
import {
  type Answers,
  type Cell,
  type ChannelPlan,
  type Does,
  type FaultCase,
  type Hands,
  type KeyName,
  type Letter,
  TWO_CHANNELS,
} from './fault-case.ts'
import { placeOf } from './places.ts'

/** One request of the client, as it was. */
export type Ask = {
  readonly requestId: string
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** What the last read of it gave. */
  readonly lastPiece: string
  /** The connection was cut before the body was over. */
  readonly isCut: boolean
  readonly startedAtMs: number
  readonly tookMs: number
  /** Unix ms, when the client left by itself. */
  readonly leftAtMs?: number
}

/** Everything that was seen of a cell from outside, but for what the program keeps. */
export type Seen = {
  readonly cell: Cell
  /** The model the client asked for; no other cell asks for it. */
  readonly model: string
  readonly tokenId: number
  readonly channelIds: Readonly<Partial<Record<Letter, number>>>
  readonly asks: readonly Ask[]
  readonly calls: readonly (Call & { readonly by: KeyName })[]
  /** Unix ms, after the last request. */
  readonly endedAtMs: number
}

/** The upstream is asked for this one, whose price is known: 3 and 15 USD a million. */
export const PRICED_MODEL = 'claude-sonnet-4-5'
export const textOf = (key: KeyName): string => `from ${key} é🌍, said to its end.`
const CLIENT_PATIENCE_MS = 45_000
const PRIORITY_OF_FIRST = 100

/** Plays one cell against the running program. Errors: rejects when the stage cannot be set. */
export async function runCell(given: FaultCase, cell: Cell, program: Program): Promise<Seen> {
  const plans = given.channels ?? TWO_CHANNELS
  const model = `cell-${randomUUID()}`
  const mocks = new Map<Letter, Mock>()
  try {
    const answers = given.answers(cell)
    for (const { letter, keys } of plans) {
      const mock = await startMock({ name: letter })
      mock.set(...rulesOf(letter, keys, { answers, model }))
      mocks.set(letter, mock)
    }
    const { token, tokenId } = await newToken(program, given.token ?? {})
    const channelIds = await openChannels(plans, { cell, model, mocks, program })
    const asks: Ask[] = []
    const sends = given.sends ?? (() => ({}))
    const hands = handsOf({ cell, model, token, channelIds, mocks, asks, program, sends, begun: { count: 0 } })
    await (given.play ?? askOnce)(hands)
    const endedAtMs = Date.now()
    if (asks.some(({ leftAtMs }) => leftAtMs !== undefined)) await Bun.sleep(150) // an abort that comes late is seen to be late
    const calls = [...mocks].flatMap(([, mock]) => mock.calls.map((call) => ({ ...call, by: keyNameOf(call) })))
    return { cell, model, tokenId, channelIds, asks, calls, endedAtMs }
  } finally {
    for (const mock of mocks.values()) mock.close()
  }
}

const askOnce = (hands: Hands): Promise<void> => hands.ask()

/** Ends with its name: so much of it stays when the log masks it. */
const keyText = (name: KeyName, model: string): string => `sk-${model}-${name}`
const keyNameOf = (call: Call): KeyName => (call.key?.slice(-2) ?? '??') as KeyName

type Script = { readonly answers: Readonly<Partial<Record<KeyName, Answers>>>; readonly model: string }

function rulesOf(letter: Letter, keys: 1 | 2, { answers, model }: Script): readonly Rule[] {
  const names = ([0, 1] as const).slice(0, keys).map((place): KeyName => `${letter}${place}`)
  return names.flatMap((name) => {
    const well: Behaviour = { kind: 'ok', text: textOf(name), pieces: 4, usage: { inputTokens: 20, outputTokens: 9 } }
    const key = keyText(name, model)
    const given = answers[name]
    const does = given === undefined ? [] : 'always' in given ? [given.always] : given.then
    const times = given !== undefined && 'then' in given ? { times: 1 } : {}
    const rules = does.map((one): Rule => ({ key, ...times, do: [well, ...listOf(one)] }))
    return [...rules, { key, do: well }]
  })
}

function listOf(does: Does): readonly Behaviour[] {
  return 'kind' in does ? [does] : does
}

type TokenFields = Readonly<Record<string, unknown>>

async function newToken(program: Program, fields: TokenFields): Promise<{ token: string; tokenId: number }> {
  const { json } = await program.admin<{ id: number; token: string }>('POST', '/auth-tokens', {
    description: 'faultlab',
    ...fields,
  })
  if (!json.success) throw new Error(`token: ${json.error}`)
  return { token: json.data.token, tokenId: json.data.id }
}

type Stage = {
  readonly cell: Cell
  readonly model: string
  readonly mocks: ReadonlyMap<Letter, Mock>
  readonly program: Program
}

async function openChannels(plans: readonly ChannelPlan[], { cell, model, mocks, program }: Stage) {
  const ids: Partial<Record<Letter, number>> = {}
  for (const [index, { letter, keys, place = 'mock' }] of plans.entries()) {
    const names = ([0, 1] as const).slice(0, keys).map((at): KeyName => `${letter}${at}`)
    ids[letter] = await program.channel({
      url: place === 'mock' ? (mocks.get(letter)?.url ?? '') : placeOf(place),
      name: `${letter}-${model}`,
      channel_type: CHANNEL_TYPE[cell.api],
      models: [{ model, redirect_model: PRICED_MODEL }],
      api_keys: names.map((name) => keyText(name, model)),
      priority: PRIORITY_OF_FIRST - index,
    })
  }
  return ids
}

type HandsGround = Stage & {
  readonly token: string
  readonly channelIds: Readonly<Partial<Record<Letter, number>>>
  /** In the order in which they began. */
  readonly asks: Ask[]
  readonly sends: NonNullable<FaultCase['sends']>
  readonly begun: { count: number }
}

function handsOf(ground: HandsGround): Hands {
  const { mocks, asks, program, channelIds } = ground
  const callCount = (): number => [...mocks.values()].reduce((sum, mock) => sum + mock.count(), 0)
  return {
    sleep: (ms) => Bun.sleep(ms),
    async ask() {
      const index = ground.begun.count++
      asks[index] = await askOf(ground, new AbortController(), { index })
    },
    async burst(count) {
      await Promise.all(Array.from({ length: count }, () => this.ask()))
    },
    async askAndLeave(when, afterMs) {
      const stop = new AbortController()
      const before = callCount()
      const held: { leftAtMs?: number } = {}
      const leave = async (): Promise<void> => {
        await Bun.sleep(afterMs)
        held.leftAtMs = Date.now()
        stop.abort()
      }
      const index = ground.begun.count++
      const asking = askOf(ground, stop, { index, ...(when === 'first-bytes' && { onFirstBytes: leave }) })
      if (when === 'upstream-asked') {
        while (callCount() === before) await Bun.sleep(2)
        await leave()
      }
      const ask = await asking
      asks[index] = held.leftAtMs === undefined ? ask : { ...ask, leftAtMs: held.leftAtMs }
    },
    async rest(letter, ms) {
      const { json } = await program.admin('POST', `/channels/${channelIds[letter]}/cooldown`, { duration_ms: ms })
      if (!json.success) throw new Error(`rest: ${json.error}`)
    },
  }
}

type Turn = { readonly index: number; readonly onFirstBytes?: () => Promise<void> }

async function askOf(
  { cell, model, token, program, sends }: HandsGround,
  stop: AbortController,
  { index, onFirstBytes }: Turn,
): Promise<Ask> {
  const { path, body: usual } = requestOf(cell.api, cell.form, model)
  const { headers = {}, body = usual } = sends(cell, usual, index)
  const startedAtMs = Date.now()
  const chunks: Uint8Array[] = []
  const held = { status: 0, headers: new Headers(), isCut: false }
  try {
    const answer = await fetch(`${program.url}${path}`, {
      method: 'POST',
      body,
      decompress: false,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(CLIENT_PATIENCE_MS)]),
    })
    held.status = answer.status
    held.headers = answer.headers
    for await (const chunk of answer.body ?? []) {
      if (chunks.length === 0) void onFirstBytes?.()
      chunks.push(chunk)
    }
  } catch {
    held.isCut = true // a cut, a reset, our own leaving: what it was is told by the rest
  }
  const lastPiece = Buffer.from(chunks.at(-1) ?? []).toString()
  const requestId = held.headers.get('x-ccload-request-id') ?? ''
  return { ...held, requestId, body: Buffer.concat(chunks), lastPiece, startedAtMs, tookMs: Date.now() - startedAtMs }
}
