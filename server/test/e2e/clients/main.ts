// The coding agents as their makers ship them, offline, against ccLoad while the first of its two channels dies.
//   npm run e2e:clients [-- part of a case's name …]
import { agentCases } from './agent-cases.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { geminiCli } from './gemini-cli.ts'
import { installAgent } from './install-agent.ts'
import { type NoInternet, noInternet } from './no-internet.ts'
import { Report } from './report.ts'
import { sdkCases } from './sdk-cases.ts'
import { sideCallCases } from './side-call-cases.ts'

const report = new Report(process.argv.slice(2))
const net = noInternet()
const gateway = await startGateway()
try {
  await allCases(gateway, net, report)
  const trouble = await gateway.trouble()
  if (trouble !== undefined) console.log(`\n${trouble}`)
} finally {
  await gateway.stop()
  net.close()
}
report.table()
process.exit(report.code())

async function allCases(gateway: Gateway, net: NoInternet, report: Report): Promise<void> {
  for (const agent of [claudeCode, codex, geminiCli]) {
    const cases = agentCases(agent).filter(({ name }) => report.wants(name))
    const installed = cases.length > 0 ? await installAgent(agent.name) : undefined
    for (const { name, play } of cases) {
      if (installed?.ok) await report.run(name, () => play({ agent, entry: installed.entry, gateway, net }))
      else report.skip(name, installed?.why ?? '')
    }
  }
  await sdkCases({ gateway, net }, report)
  await sideCallCases(gateway, report)
}
