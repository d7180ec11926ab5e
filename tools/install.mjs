// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {{ readonly ok: true, readonly bun: string } | { readonly ok: false, readonly message: string }} Installed */
/** @typedef {{ readonly version?: string, readonly optional?: boolean, readonly devOptional?: boolean, readonly peer?: boolean }} LockEntry */

const LEAST_BUN_BYTES = 1_000_000 // before its install script has run, the file is a small text that only complains

/**
 * Installs what is missing and finds a Bun that runs. When all is in place this costs a few milliseconds.
 *
 * @param {string} root
 * @returns {Promise<Installed>}
 */
export async function ensureInstalled(root) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    return { ok: false, message: `ccLoad needs Node 20 or newer to start; this is ${process.version}.` }
  }
  const missing = whatIsMissing(root)
  if (missing !== undefined) {
    process.stderr.write(`ccload: installing packages (${missing}) ...\n`)
    const code = npmInstall(root)
    if (code !== 0) return { ok: false, message: installFailed(code) }
  }
  const bun = findBun(root)
  return bun === undefined ? { ok: false, message: NO_BUN } : { ok: true, bun }
}

/**
 * What makes `node_modules` differ from `package-lock.json`; `undefined` = nothing. Compares versions, not file times,
 * which a checkout changes.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function whatIsMissing(root) {
  const wanted = lockEntries(join(root, 'package-lock.json'))
  const present = lockEntries(join(root, 'node_modules', '.package-lock.json'))
  if (present.size === 0) return 'nothing is installed yet'
  for (const [path, entry] of wanted) {
    if (!path.includes('node_modules/')) continue
    const found = present.get(path)
    if (found === undefined && (entry.optional || entry.devOptional || entry.peer)) continue // e.g. for another platform
    if (found?.version !== entry.version || !existsSync(join(root, path))) return `${path} is missing or old`
  }
  return undefined
}

/**
 * @param {string} path
 * @returns {ReadonlyMap<string, LockEntry>} empty when there is no such file
 */
function lockEntries(path) {
  if (!existsSync(path)) return new Map()
  return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')).packages ?? {}))
}

/**
 * @param {string} root
 * @returns {number} exit code of npm
 */
function npmInstall(root) {
  const verb = existsSync(join(root, 'package-lock.json')) ? 'ci' : 'install'
  const args = [verb, '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
  const npmCli = process.env['npm_execpath'] // set when we were started by npm itself
  // stdout belongs to the command that follows
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: '' } }
  const isNpm = npmCli !== undefined && /npm-cli\.c?js$/.test(npmCli)
  const done = isNpm
    ? spawnSync(process.execPath, [npmCli, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  return done.status ?? 1
}

/**
 * A Bun that is more than a placeholder: the one that the package `bun` put in place, else the one inside the package
 * for this platform, which needs no install script.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function findBun(root) {
  const exe = process.platform === 'win32' ? 'bun.exe' : 'bun'
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const cpu = process.arch === 'arm64' ? 'aarch64' : process.arch
  const candidates = [
    join(root, 'node_modules', 'bun', 'bin', 'bun.exe'),
    join(root, 'node_modules', '@oven', `bun-${os}-${cpu}`, 'bin', exe),
    join(root, 'node_modules', '@oven', `bun-${os}-${cpu}-musl`, 'bin', exe),
  ]
  return candidates.find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LEAST_BUN_BYTES)
}

const NO_BUN = `ccload: the package "bun" is installed, but its program is not there: its install script was not run.
  - package.json must say  "allowScripts": { "bun": true }  and npm must not run with ignore-scripts
  - then run:  npm rebuild bun
  - and when optional packages were left out:  npm ci --include=optional`

/** @param {number} code */
function installFailed(code) {
  return `ccload: npm could not install the packages (exit code ${code}); its reason stands above.
  - without a network: run  npm ci  once where there is one, and copy the folder
  - when package.json was changed by hand: run  npm install`
}
