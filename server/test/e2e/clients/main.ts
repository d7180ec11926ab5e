// The coding agents as their makers ship them, offline, against ccLoad while the first of its two channels dies.
//   npm run e2e:clients [-- part of a case's name …]
import { parseArgs } from 'node:util'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { geminiCli } from './gemini-cli.ts'
import { agentCases } from './agent-cases.ts'
import { startGateway } from './gateway.ts'
import { installAgent } from './install-agent.ts'
import { noInternet } from './no-internet.ts'
import { Report } from './report.ts'
import { sdkCases } from './sdk-cases.ts'

const { positionals: wanted } = parseArgs({ allowPositionals: true })
const report = new Report(wanted)
const net = noInternet()
const gateway = await startGateway()
try {
  for (const agent of [claudeCode, codex, geminiCli]) {
    const installed = await installAgent(agent.name)
    if (installed.ok) await agentCases({ agent, entry: installed.entry, gateway, net }, report)
    else report.skip(`${agent.name}: all`, installed.why)
  }
  await sdkCases(gateway, net, report)
} finally {
  await gateway.stop()
  net.close()
}
report.table()
process.exit(report.code())
