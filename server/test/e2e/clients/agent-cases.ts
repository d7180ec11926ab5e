import { codexCases } from './codex-cases.ts'
import { FAULTS, type Fault, TURNS, type Turn } from './faults.ts'
import { judgeDirect, judgeFault, judgeHealthy } from './judge.ts'
import type { Report } from './report.ts'
import { DYING, healthy, middleOf, play, playDirect, playFault, type Seen, type Stage } from './run-case.ts'

const WHEN: Readonly<Record<Turn, string>> = { 1: 'at the tool call', 2: 'at the final text' }

/** All cases of one client. */
export async function agentCases(stage: Stage, report: Report): Promise<void> {
  const { agent, gateway } = stage
  await report.run(`${agent.name}: directly at an upstream`, async () => {
    const seen = await playDirect(stage)
    return { problems: judgeDirect(agent, seen), note: sent(seen) }
  })
  await report.run(`${agent.name}: nothing fails`, async () => {
    const seen = await play(stage, { first: healthy(agent), second: [] })
    return { problems: judgeHealthy(agent, seen, gateway.token), note: sent(seen) }
  })
  const middles = middlesOf(stage)
  for (const fault of FAULTS) {
    for (const turn of fault.turns?.(agent) ?? TURNS) {
      await report.run(`${agent.name}: ${fault.name}, ${WHEN[turn]}`, () => faultCase(stage, fault, turn, middles))
    }
  }
  if (agent.name === 'codex') await codexCases(stage, report)
}

type Middles = () => Promise<Readonly<Record<Turn, number>>>

async function faultCase(stage: Stage, fault: Fault, turn: Turn, middles: Middles) {
  const middle = fault.isMeasured ? (await middles())[turn] : 0
  const seen = await playFault(stage, fault, { turn, middle })
  return { problems: judgeFault(seen, fault, turn), note: whatItDid(seen) }
}

/** Where the middle of each answer is, measured once in a run without faults. */
function middlesOf(stage: Stage): Middles {
  let measured: ReturnType<Middles> | undefined
  const measure = async () => {
    const { first } = await play(stage, { first: healthy(stage.agent, DYING), second: [] })
    return { 1: middleOf(first[0]), 2: middleOf(first[1]) }
  }
  return () => {
    measured ??= measure()
    return measured
  }
}

function sent({ first, wanted }: Seen): string {
  const sizes = first.map(({ body }) => `${Math.round(body.length / 1_000)} KB`).join(', ')
  return `${sizes}${wanted.length > 0 ? `; also wanted ${wanted.join(', ')}` : ''}`
}

function whatItDid({ outcome, first, second, attempts }: Seen): string {
  const failed = attempts.filter(({ status_code }) => status_code >= 300).map(({ status_code }) => status_code)
  const ended = outcome.well ? 'ended well' : 'ended with an error'
  const said = outcome.complaints.length > 0 ? `, said: ${outcome.complaints.join(' | ').slice(0, 200)}` : ''
  return `${ended}, calls ${first.length}+${second.length}, logged ${failed.join(' ') || 'no failure'}${said}`
}
