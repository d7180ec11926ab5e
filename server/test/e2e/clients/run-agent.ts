import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Agent, Finished, Outcome } from './agent.ts'

/** Where one client runs: an empty home, and in it a folder with a note to read. */
export type Scene = { readonly home: string; readonly work: string; remove(): Promise<void> }

/** Stands in the note only, so whoever knows it has really read the note. */
export const WORD = 'quince-4711'
/** Stands in the middle of the command, so that a stream can be cut inside it. */
export const MIDDLE = 'MIDDLE'
export const PROMPT = 'Read note.txt and tell me the word in it.'
/** Harmless, and leaves a line each time it runs. */
export const COMMAND = `: ${'-'.repeat(90)} ${MIDDLE} ${'-'.repeat(90)}; echo ran >> runs.txt; cat note.txt`

const RUN_WITHIN_MS = 120_000

export async function makeScene(): Promise<Scene> {
  const home = await mkdtemp(join(tmpdir(), 'ccload-e2e-home-'))
  const work = join(home, 'work')
  await Promise.all([mkdir(work), mkdir(join(home, 'tmp'))])
  await Bun.write(join(work, 'note.txt'), `the word is ${WORD}\n`)
  return { home, work, remove: () => rm(home, { recursive: true, force: true }) }
}

/** How often the command of the tool has really run. */
export async function toolRuns(scene: Scene): Promise<number> {
  const file = join(scene.work, 'runs.txt')
  return existsSync(file) ? (await Bun.file(file).text()).trim().split('\n').length : 0
}

export type Run = {
  readonly entry: string
  readonly scene: Scene
  readonly url: string
  readonly token: string
  /** Keeps the client away from the Internet. */
  readonly netEnv: Readonly<Record<string, string>>
  /** Other files than the usual ones, by path below the home. */
  readonly files?: Readonly<Record<string, string>>
}

/** One run of a client, from its start to its last word. A client that hangs is ended and has not ended well. */
export async function runAgent(agent: Agent, run: Run): Promise<Outcome> {
  const { scene, url, token } = run
  const pointing = { url, token, home: scene.home }
  for (const [path, text] of Object.entries({ ...agent.files(pointing), ...run.files })) {
    await mkdir(dirname(join(scene.home, path)), { recursive: true })
    await Bun.write(join(scene.home, path), text)
  }
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: scene.home, LANG: 'C.UTF-8', TMPDIR: join(scene.home, 'tmp') },
    ...{ TERM: 'xterm-256color', COLORTERM: 'truecolor' },
    ...run.netEnv,
    ...agent.env(pointing),
  }
  const finished = await runCommand(['node', run.entry, ...agent.args(PROMPT)], scene.work, env)
  const outcome = agent.outcome(finished)
  const { code } = finished
  return code === STOPPED ? { ...outcome, well: false, complaints: [...outcome.complaints, 'it hung'] } : outcome
}

const STOPPED = -1

/** The command in a process group of its own, so that what it started ends with it. */
export async function runCommand(
  command: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Finished> {
  const child = Bun.spawn([...command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let stopped = false
  const timer = setTimeout(() => {
    stopped = true
    endGroup(child.pid)
  }, RUN_WITHIN_MS)
  const [out, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  clearTimeout(timer)
  endGroup(child.pid)
  return { out, errors, code: stopped ? STOPPED : code }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // all of it has ended already
  }
}
