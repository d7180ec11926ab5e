import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AGENT_PACKAGES, type AgentName } from './versions.ts'

export type Installed = { readonly ok: true; readonly entry: string } | { readonly ok: false; readonly why: string }

/** Outside the workspace, and kept: the three are 900 MB. `CCLOAD_E2E_CACHE` names another place. */
export function cacheFolder(): string {
  return process.env['CCLOAD_E2E_CACHE'] || join(tmpdir(), 'ccload-e2e-clients')
}

/** Installs one client unless it is there. Errors: none; what hinders it is told. */
export async function installAgent(name: AgentName): Promise<Installed> {
  try {
    return await install(name)
  } catch (error) {
    return { ok: false, why: `cannot be installed: ${String(error)}` }
  }
}

/** A half installed one never gets the name by which it is looked for. */
async function install(name: AgentName): Promise<Installed> {
  const { npm, version, entry } = AGENT_PACKAGES[name]
  const folder = join(cacheFolder(), `${name}@${version}`)
  const file = join(folder, 'node_modules', npm, entry)
  if (existsSync(file)) return { ok: true, entry: file }
  await mkdir(cacheFolder(), { recursive: true })
  const draft = await mkdtemp(join(cacheFolder(), 'installing-'))
  try {
    const why = await npmInstall(draft, `${npm}@${version}`)
    if (why !== undefined) return { ok: false, why }
    await rm(folder, { recursive: true, force: true })
    await rename(draft, folder)
    return existsSync(file) ? { ok: true, entry: file } : { ok: false, why: `${npm}@${version} has no ${entry}` }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Without install scripts: the native programs come as packages of the platform, and the entries find them. */
async function npmInstall(folder: string, spec: string): Promise<string | undefined> {
  const npm = Bun.which('npm')
  if (npm === null) return 'npm is not in the PATH'
  const options = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error']
  const child = Bun.spawn([npm, 'install', '--prefix', folder, ...options, spec], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [errors, code] = await Promise.all([child.stderr.text(), child.exited])
  return code === 0 ? undefined : `npm install ${spec}: ${lastLine(errors)}`
}

function lastLine(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ')
}
