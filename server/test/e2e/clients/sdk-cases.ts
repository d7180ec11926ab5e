import { join } from 'node:path'
import { startMock } from '../../mock-upstream/start-mock.ts'
import type { ChannelTypeName, Gateway } from './gateway.ts'
import type { Problems } from './judge.ts'
import type { NoInternet } from './no-internet.ts'
import type { Report } from './report.ts'
import { runCommand } from './run-agent.ts'
import { FINAL, KEYS } from './run-case.ts'

type Sdk = {
  /** As `sdk-child.ts` calls it. */
  readonly name: 'messages' | 'chat' | 'responses' | 'gemini'
  readonly what: string
  readonly channelType: ChannelTypeName
  /** What a user sets. */
  readonly env: (url: string, token: string) => Readonly<Record<string, string>>
}

const openAiEnv: Sdk['env'] = (url, token) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: token })

const SDKS: readonly Sdk[] = [
  {
    name: 'messages',
    what: 'Anthropic SDK',
    channelType: 'anthropic',
    env: (url, token) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: token }),
  },
  { name: 'chat', what: 'OpenAI SDK, chat', channelType: 'openai', env: openAiEnv },
  { name: 'responses', what: 'OpenAI SDK, responses', channelType: 'codex', env: openAiEnv },
  {
    name: 'gemini',
    what: 'Google Gen AI SDK',
    channelType: 'gemini',
    env: (url, token) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: token }),
  },
]

type Around = { readonly gateway: Gateway; readonly net: NoInternet }

/** Every SDK, told by its own variables alone where to go, while the first channel answers 503. */
export async function sdkCases(around: Around, report: Report): Promise<void> {
  for (const sdk of SDKS) {
    await report.run(`sdk: ${sdk.what}, by its variables alone`, async () => ({
      problems: await play(around, sdk),
      note: '',
    }))
  }
}

async function play({ gateway, net }: Around, { name, channelType: type, env }: Sdk): Promise<Problems> {
  const first = await startMock({ rules: [{ do: { kind: 'status', status: 503 } }] })
  const second = await startMock({ rules: [{ do: { kind: 'ok', text: FINAL } }] })
  const model = `model-of-${name}`
  const add = (mock: typeof first, which: keyof typeof KEYS, priority: number) =>
    gateway.addChannel({ name: `${which} ${mock.port}`, type, url: mock.url, key: KEYS[which], model, priority })
  const ids = [await add(first, 'first', 20), await add(second, 'second', 10)]
  const path = { PATH: process.env['PATH'] ?? '' }
  const command = [process.execPath, '--no-env-file', join(import.meta.dir, 'sdk-child.ts'), name, model]
  try {
    const { code, out, errors } = await runCommand(command, import.meta.dir, {
      ...path,
      ...net.env,
      ...env(gateway.url, gateway.token),
    })
    return [
      ...(code === 0 && out === FINAL ? [] : [`it said "${out}" and ended with ${code}: ${errors.slice(0, 300)}`]),
      ...(first.count() === 1 && second.count() === 1 ? [] : [`calls ${first.count()}+${second.count()}, not 1+1`]),
    ]
  } finally {
    await Promise.all(ids.map((id) => gateway.removeChannel(id)))
    first.close()
    second.close()
  }
}
