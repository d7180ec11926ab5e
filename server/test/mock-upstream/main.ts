import { parseArgs } from 'node:util'
import { parseRules, type Rule } from './behaviour.ts'
import type { BenchOptions } from './bench-answers.ts'
import { usageText } from './control.ts'
import { parseJson } from './json.ts'
import { startMock } from './start-mock.ts'

const OPTIONS = {
  port: { type: 'string', default: '9901' },
  host: { type: 'string', default: '127.0.0.1' },
  faults: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  bench: { type: 'boolean', default: false },
  'unary-bytes': { type: 'string' },
  'unary-delay-ms': { type: 'string' },
  events: { type: 'string' },
  'interval-ms': { type: 'string' },
  'event-chars': { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const HELP = `bun server/test/mock-upstream/main.ts [--port 9901] [--host 127.0.0.1] [--faults JSON|FILE] [--quiet] [--cert F --key F]
  --bench [--unary-bytes 1024] [--unary-delay-ms 0] [--events 100] [--interval-ms 100] [--event-chars 16]
         answers made beforehand; each event of a stream carries its send time: @<16 digits, Unix microseconds>@
`

await main()

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) return say(`${HELP}\n${usageText('http://127.0.0.1:9901')}`)
  const tls = values.cert && values.key ? { cert: await textOf(values.cert), key: await textOf(values.key) } : undefined
  const mock = await startMock({
    port: Number(values.port),
    hostname: values.host,
    quiet: values.quiet || values.bench,
    rules: values.faults ? await rulesFrom(values.faults) : [],
    ...(tls ? { tls } : {}),
    ...(values.bench ? { bench: benchOptions(values) } : {}),
  })
  say(values.quiet ? `mock upstream on ${mock.url}\n` : `${usageText(mock.url)}\nListening on ${mock.url}\n`)
}

function benchOptions(values: Readonly<Record<string, unknown>>): BenchOptions {
  const number = (name: string) => (typeof values[name] === 'string' ? Number(values[name]) : undefined)
  const given = {
    unaryBytes: number('unary-bytes'),
    unaryDelayMs: number('unary-delay-ms'),
    events: number('events'),
    intervalMs: number('interval-ms'),
    eventChars: number('event-chars'),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as BenchOptions
}

/** Rules as JSON on the command line, or in a file. */
async function rulesFrom(given: string): Promise<readonly Rule[]> {
  return parseRules(parseJson(/^\s*[[{]/.test(given) ? given : await textOf(given)))
}

function textOf(path: string): Promise<string> {
  return Bun.file(path).text()
}

function say(text: string): void {
  process.stdout.write(text)
}
