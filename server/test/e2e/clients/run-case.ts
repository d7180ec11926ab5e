import type { Behaviour, Rule } from '../../mock-upstream/behaviour.ts'
import type { Call } from '../../mock-upstream/call.ts'
import { type Mock, startMock } from '../../mock-upstream/start-mock.ts'
import type { Agent, Outcome } from './agent.ts'
import type { Fault, Turn } from './faults.ts'
import type { Attempt, ChannelWish, Gateway } from './gateway.ts'
import type { NoInternet } from './no-internet.ts'
import { COMMAND, MIDDLE, makeScene, runAgent, toolRuns, WORD } from './run-agent.ts'

/** What every case of one client needs. */
export type Stage = {
  readonly agent: Agent
  readonly entry: string
  readonly gateway: Gateway
  readonly net: NoInternet
}

/** What there is to see after a run. */
export type Seen = {
  readonly outcome: Outcome
  readonly first: readonly Call[]
  readonly second: readonly Call[]
  readonly toolRuns: number
  readonly attempts: readonly Attempt[]
  /** Hosts that the client tried to reach besides the server. */
  readonly wanted: readonly string[]
}

export const FINAL = `The word was read. 完成 🌍 This answer is whole: THE-END`
/** What the first channel says when it dies while speaking. */
export const DYING = `The first channel speaks at length, and in the ${MIDDLE} of its sentence something happens to it.`
export const KEYS = { first: 'sk-first-channel', second: 'sk-second-channel' } as const

export function toolCall(agent: Agent): Behaviour {
  return { kind: 'tool', ...agent.tool(COMMAND) } as Behaviour
}

/** The path of its calls, query included. */
export function pathOf(agent: Agent): string {
  return agent.requestLine.split(' ')[1] ?? ''
}

export type Script = {
  /** What the channel says that is asked first. */
  readonly first: readonly Rule[]
  readonly second: readonly Rule[]
  /** Runs beside the client. */
  readonly meanwhile?: (first: Mock) => Promise<void>
  /** Calls that belong to the attempt of the call before, and so have no row of their own. */
  readonly unlogged?: number
  /** Files below the client's home, besides the usual ones. */
  readonly files?: Readonly<Record<string, string>>
}

/** A client against ccLoad with two channels, of which the first is preferred. */
export async function play(stage: Stage, script: Script): Promise<Seen> {
  const [first, second, scene] = await Promise.all([
    startMock({ rules: script.first }),
    startMock({ rules: script.second }),
    makeScene(),
  ])
  const ids = await Promise.all([
    stage.gateway.addChannel(channel(stage.agent, first, 'first')),
    stage.gateway.addChannel(channel(stage.agent, second, 'second')),
  ])
  try {
    const { entry, gateway, net } = stage
    net.forget()
    const { url, token } = gateway
    const run = { entry, scene, url, token, netEnv: net.env, files: script.files ?? {} }
    const [outcome] = await Promise.all([runAgent(stage.agent, run), script.meanwhile?.(first)])
    const attempts = await gateway.attempts(ids, first.count() + second.count() - (script.unlogged ?? 0))
    const calls = { first: [...first.calls], second: [...second.calls] }
    return { outcome, ...calls, attempts, toolRuns: await toolRuns(scene), wanted: net.wanted() }
  } finally {
    await Promise.all(ids.map((id) => stage.gateway.removeChannel(id)))
    first.close()
    second.close()
    await scene.remove()
  }
}

function channel({ channelType: type, model }: Agent, { port, url }: Mock, which: keyof typeof KEYS): ChannelWish {
  const priority = which === 'first' ? 20 : 10
  return { name: `${which} ${port}`, type, model, url, key: KEYS[which], priority }
}

/** A client against a mock without anything between, to learn what it sends. */
export async function playDirect({ agent, entry, net }: Stage): Promise<Seen> {
  const [mock, scene] = await Promise.all([startMock({ rules: healthy(agent) }), makeScene()])
  try {
    net.forget()
    const run = { entry, scene, url: mock.url, token: KEYS.first, netEnv: net.env }
    const outcome = await runAgent(agent, run)
    const runs = await toolRuns(scene)
    return { outcome, first: [...mock.calls], second: [], attempts: [], toolRuns: runs, wanted: net.wanted() }
  } finally {
    mock.close()
    await scene.remove()
  }
}

export function healthy(agent: Agent, final = FINAL): readonly Rule[] {
  const path = pathOf(agent)
  return [
    { path, times: 1, do: toolCall(agent) },
    { path, do: { kind: 'ok', text: final } },
  ]
}

/** Which answer dies, and after how many bytes where that matters. */
export type Moment = { readonly turn: Turn; readonly middle: number }

/** The first channel answers well until its turn has come, then fails for good; the second has what is left to say. */
export function playFault(stage: Stage, fault: Fault, { turn, middle }: Moment): Promise<Seen> {
  const { agent } = stage
  const path = pathOf(agent)
  const good: Behaviour = turn === 1 ? toolCall(agent) : { kind: 'ok', text: DYING }
  const dying: Rule = { path, do: [good, ...fault.behaviours(agent, middle)] }
  return play(stage, {
    first: turn === 1 ? [dying] : [{ path, times: 1, do: toolCall(agent) }, dying],
    second: turn === 1 ? healthy(agent) : healthy(agent).slice(1),
    unlogged: fault.isAskedAgain && turn === 2 ? 1 : 0,
    ...(fault.dies ? { meanwhile: (mock) => endWhenSpoken(mock, turn) } : {}),
  })
}

const SPEAK_WITHIN_MS = 60_000
const LET_IT_ARRIVE_MS = 150

async function endWhenSpoken(mock: Mock, turn: Turn): Promise<void> {
  await mock.until((calls) => (calls[turn - 1]?.wireBytes ?? 0) > 0, SPEAK_WITHIN_MS)
  await Bun.sleep(LET_IT_ARRIVE_MS)
  mock.close()
}

/** Bytes of an answer's body up to the middle of its content. */
export function middleOf(call: Call | undefined): number {
  const at = Buffer.from(call?.answerBody ?? []).indexOf(MIDDLE)
  if (at < 0) throw new Error('the answer has no middle to cut')
  return at
}

/** Whether a client told the model what its tool said. */
export function knowsTheWord(call: Call | undefined): boolean {
  return call !== undefined && Buffer.from(call.body).includes(WORD)
}
