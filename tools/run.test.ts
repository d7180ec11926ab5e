import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

const CHILD = join(ROOT, 'tools/child.mjs')

/** Node runs `child.mjs`, which runs a Bun that executes `program`: as `npm start` does it. */
function start(program: string): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
  const wrapper = `import { runChild } from ${JSON.stringify(CHILD)}
    await runChild(${JSON.stringify(process.execPath)}, ['-e', ${JSON.stringify(program)}])`
  return Bun.spawn(['node', '--input-type=module', '-e', wrapper], { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Resolves once the program has said that it is ready; gives the rest of its output. */
async function untilReady(child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>): Promise<() => Promise<string>> {
  const reader = child.stdout.getReader()
  let text = ''
  while (!text.includes('ready')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`ended before it was ready: ${text}`)
    text += new TextDecoder().decode(value)
  }
  return async () => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return text
      text += new TextDecoder().decode(value)
    }
  }
}

const COUNTS_SIGNALS = `
  let count = 0
  process.on('SIGTERM', () => { count += 1; if (count === 1) setTimeout(() => { console.log('signals:' + count); process.exit(7) }, 300) })
  console.log('ready', process.pid); setInterval(() => {}, 1000)`

describe('npm start and the like', () => {
  test.each([0, 1, 42])('an exit code of %d stays what it is', async (code) => {
    expect(await start(`process.exit(${code})`).exited).toBe(code)
  })

  test('a program that died of a signal looks like that from outside too', async () => {
    const child = start(`process.kill(process.pid, 'SIGKILL')`)
    await child.exited
    expect(child.signalCode).toBe('SIGKILL')
  })

  test('SIGTERM reaches the program, which decides how it ends', async () => {
    const child = start(COUNTS_SIGNALS)
    const rest = await untilReady(child)
    child.kill('SIGTERM')
    expect(await child.exited).toBe(7)
    expect(await rest()).toContain('signals:1')
  })

  test('one Ctrl-C that arrives twice (from npm and from the terminal) is one for the program', async () => {
    const child = start(COUNTS_SIGNALS)
    const rest = await untilReady(child)
    child.kill('SIGTERM')
    child.kill('SIGTERM')
    await child.exited
    expect(await rest()).toContain('signals:1')
  })

  test('a program that cannot be started is an error with its name', async () => {
    const wrapper = `import { runChild } from ${JSON.stringify(CHILD)}; await runChild('/no/such/program', [])`
    const child = Bun.spawn(['node', '--input-type=module', '-e', wrapper], { stdio: ['ignore', 'pipe', 'pipe'] })
    expect(await child.exited).toBe(1)
    expect(await child.stderr.text()).toContain('cannot run /no/such/program')
  })

  test('an unknown command names those that exist', async () => {
    const child = Bun.spawn(['node', join(ROOT, 'tools/run.mjs'), 'constructor'], { stdio: ['ignore', 'pipe', 'pipe'] })
    expect(await child.exited).toBe(2)
    expect(await child.stderr.text()).toContain('start, dev, test, check')
  })

  test('every script of package.json goes through the same entry', async () => {
    const { scripts } = await Bun.file(join(ROOT, 'package.json')).json()
    for (const [name, line] of Object.entries(scripts)) expect(line).toBe(`node tools/run.mjs ${name}`)
  })
})
