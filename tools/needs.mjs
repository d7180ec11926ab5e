// @ts-check
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * What a test suite may need from the machine. A test file says so in a line of its own near its top:
 * `// needs: redis, nginx`. Only needs that some suite declares are looked for and installed.
 *
 * @typedef {{ readonly probe: readonly string[], readonly aptPackages: readonly string[], readonly env: string }} Need
 * `probe`: programs of which one must be there. `env`: set to `1` for the tests when it is.
 */

/** @type {Readonly<Record<string, Need>>} */
export const NEEDS = {
  mariadb: { probe: ['mariadbd', 'mysqld'], aptPackages: ['mariadb-server'], env: 'CCLOAD_TEST_HAS_MARIADB' },
  redis: { probe: ['redis-server'], aptPackages: ['redis-server'], env: 'CCLOAD_TEST_HAS_REDIS' },
  nginx: { probe: ['nginx'], aptPackages: ['nginx-light'], env: 'CCLOAD_TEST_HAS_NGINX' },
  wrk: { probe: ['wrk'], aptPackages: ['wrk'], env: 'CCLOAD_TEST_HAS_WRK' },
  chromium: {
    probe: ['chromium', 'chromium-browser', 'google-chrome'],
    aptPackages: ['chromium'],
    env: 'CCLOAD_TEST_HAS_CHROMIUM',
  },
  curl: { probe: ['curl'], aptPackages: ['curl'], env: 'CCLOAD_TEST_HAS_CURL' },
}

/** Where servers are put on systems that keep them out of the PATH of a user. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/**
 * The needs that a test file declares.
 *
 * @param {string} text source of the test file
 * @returns {readonly string[]}
 */
export function declaredNeeds(text) {
  const line = /^\/\/ needs: ([a-z, ]+)$/m.exec(text.slice(0, 4000))
  return line?.[1]?.split(',').map((name) => name.trim()) ?? []
}

/**
 * Whether a need is met, after trying to install it where we may.
 *
 * @param {string} name
 * @param {(notice: string) => void} say
 * @returns {boolean}
 */
export function meetNeed(name, say) {
  const need = NEEDS[name]
  if (need === undefined)
    throw new Error(`no such need: ${name}; tools/needs.mjs knows ${Object.keys(NEEDS).join(', ')}`)
  if (isThere(need)) return true
  if (!canInstall()) return false
  say(`installing ${need.aptPackages.join(', ')} for the tests that need ${name} ...`)
  return aptInstall(need.aptPackages) && isThere(need)
}

/** @param {Need} need */
function isThere(need) {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...SERVER_FOLDERS]
  return need.probe.some((program) => folders.some((folder) => existsSync(`${folder}/${program}`)))
}

/** Root on Debian or one of its children. */
function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

/** @param {readonly string[]} packages */
function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  if (install().status === 0) return true
  spawnSync('apt-get', ['update', '-q'], { env, stdio: 'ignore' }) // a fresh machine has no lists
  return install().status === 0
}
