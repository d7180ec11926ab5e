import { Secret } from '../core/secret.ts'
import { isAddressRange } from './address-range.ts'
import { ENV, type EnvName, type EnvRow, INTERNAL_NAME } from './env-table.ts'
import { nearestName } from './nearest-name.ts'
import { isTimeZone } from './time-zone.ts'

export type JournalMode = 'WAL' | 'TRUNCATE' | 'DELETE' | 'PERSIST' | 'MEMORY' | 'OFF'

/** First steps, ceiling and floor of the cooldown ladder. */
export type CooldownSteps = {
  readonly authMs: number
  readonly serverMs: number
  readonly timeoutMs: number
  readonly rateLimitMs: number
  readonly maxMs: number
  readonly minMs: number
}

/** The environment, read once at start. `undefined` = not said, the program decides. */
export type Config = {
  /** 0 = any free port. */
  readonly port: number
  readonly adminPassword: Secret
  /** Relative to the working directory, or `:memory:`. */
  readonly sqlitePath: string
  readonly journalMode: JournalMode
  readonly workers: number | undefined
  readonly maxConcurrency: number
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number | undefined
  readonly shutdownGraceMs: number
  readonly allowInsecureTls: boolean
  readonly cooldown: CooldownSteps
  /** Addresses and CIDR ranges, as typed; empty = nobody is trusted. */
  readonly trustedProxies: readonly string[]
  /** May hold a user and password. Always with scheme. */
  readonly httpProxyUrl: Secret | undefined
  readonly httpsProxyUrl: Secret | undefined
  readonly noProxy: readonly string[]
  /** IANA name; `undefined` = the zone of the system. */
  readonly timeZone: string | undefined
  readonly accessLog: boolean
  readonly logLevel: 'debug' | 'info'
  readonly logFormat: 'text' | 'json'
}

export type ReadConfig = {
  /** Usable also when there are problems (with defaults in their place), but do not start with it then. */
  readonly config: Config
  /** Each names a variable, what is wrong and what to do. Not empty = do not start. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export type Env = Readonly<Record<string, string | undefined>>

/**
 * The configuration that an environment says, with everything that is wrong with it, at once.
 *
 * @param env  The real environment, over that of the `.env` file (`withEnvFile`).
 * Errors: none are thrown; see `problems` and `warnings`. No value of a secret variable is in either.
 */
export function readConfig(env: Env): ReadConfig {
  const reader = new EnvReader(env)
  const config: Config = {
    port: reader.port(),
    adminPassword: reader.password(),
    sqlitePath: reader.text('SQLITE_PATH'),
    journalMode: reader.choice('SQLITE_JOURNAL_MODE') as JournalMode,
    workers: reader.optionalNumber('CCLOAD_WORKERS'),
    maxConcurrency: reader.number('CCLOAD_MAX_CONCURRENCY'),
    maxBodyBytes: reader.number('CCLOAD_MAX_BODY_BYTES'),
    maxBufferedBytes: reader.optionalNumber('CCLOAD_MAX_BUFFERED_BYTES'),
    shutdownGraceMs: reader.ms('CCLOAD_SHUTDOWN_GRACE'),
    allowInsecureTls: reader.text('CCLOAD_ALLOW_INSECURE_TLS') === '1',
    cooldown: readCooldown(reader),
    trustedProxies: reader.addressRanges('TRUSTED_PROXIES'),
    httpProxyUrl: reader.proxyUrl('HTTP_PROXY'),
    httpsProxyUrl: reader.proxyUrl('HTTPS_PROXY'),
    noProxy: reader.list('NO_PROXY'),
    timeZone: reader.timeZone(),
    accessLog: !['false', '0', 'no', 'off'].includes(reader.text('GIN_LOG').toLowerCase()),
    logLevel: reader.choice('GIN_MODE') === 'debug' ? 'debug' : 'info',
    logFormat: reader.choice('CCLOAD_LOG_FORMAT') === 'json' ? 'json' : 'text',
  }
  reader.notYet('CCLOAD_MYSQL')
  reader.notYet('REDIS_URL')
  if (config.allowInsecureTls) reader.warn('CCLOAD_ALLOW_INSECURE_TLS', 'certificates of upstreams are not checked')
  warnOfUnknown(env, reader)
  return { config, problems: reader.problems, warnings: reader.warnings }
}

function readCooldown(reader: EnvReader): CooldownSteps {
  const steps = {
    authMs: reader.ms('CCLOAD_COOLDOWN_AUTH_SEC'),
    serverMs: reader.ms('CCLOAD_COOLDOWN_SERVER_SEC'),
    timeoutMs: reader.ms('CCLOAD_COOLDOWN_TIMEOUT_SEC'),
    rateLimitMs: reader.ms('CCLOAD_COOLDOWN_RATE_LIMIT_SEC'),
    maxMs: reader.ms('CCLOAD_COOLDOWN_MAX_SEC'),
    minMs: reader.ms('CCLOAD_COOLDOWN_MIN_SEC'),
  }
  if (steps.minMs <= steps.maxMs) return steps
  reader.warn('CCLOAD_COOLDOWN_MIN_SEC', 'is above CCLOAD_COOLDOWN_MAX_SEC; the ceiling is used for both')
  return { ...steps, minMs: steps.maxMs }
}

function warnOfUnknown(env: Env, reader: EnvReader): void {
  const known = Object.keys(ENV)
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith('CCLOAD_') || name in ENV || INTERNAL_NAME.test(name)) continue
    const near = nearestName(name, known)
    reader.warn(name, `is not a variable of ccLoad${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
}

/** Reads single variables and collects what is wrong with them. Lives as long as one `readConfig`. */
class EnvReader {
  readonly problems: string[] = []
  readonly warnings: string[] = []
  readonly #env: Env

  constructor(env: Env) {
    this.#env = env
  }

  warn(name: string, what: string): void {
    this.warnings.push(`${name} ${what}`)
  }

  /** Trimmed; the default when unset or blank. */
  text(name: EnvName): string {
    return this.#typed(name) ?? ENV[name].fallback
  }

  /** Not trimmed: blanks may belong to a password. */
  password(): Secret {
    const text = this.#env['CCLOAD_PASS'] ?? ''
    if (text.trim() === '') {
      this.problems.push(
        'CCLOAD_PASS is not set: choose the password of the console, e.g. `CCLOAD_PASS=… ccload`, or write it into a file named .env',
      )
    }
    return new Secret(text)
  }

  port(): number {
    const typed = this.text('PORT')
    const digits = typed.startsWith(':') ? typed.slice(1) : typed
    const port = wholeNumber(digits)
    if (port !== undefined && port >= 0 && port <= 65_535) return port
    this.#bad('PORT', typed, 'is not a port: a number from 1 to 65535, with or without a leading colon')
    return Number(ENV.PORT.fallback)
  }

  /** In the unit of the row. */
  number(name: EnvName): number {
    return this.optionalNumber(name) ?? Number(ENV[name].fallback)
  }

  ms(name: EnvName): number {
    return this.number(name) * 1000
  }

  optionalNumber(name: EnvName): number | undefined {
    const typed = this.#typed(name)
    if (typed === undefined) return undefined
    const row: EnvRow = ENV[name]
    const value = wholeNumber(typed)
    const min = row.min ?? 0
    const max = row.max ?? Number.MAX_SAFE_INTEGER
    if (value !== undefined && value >= min && value <= max) return value
    this.#bad(name, typed, `is not a whole number from ${min} to ${max}`)
    return undefined
  }

  /** In the spelling of the row, whatever the case typed. */
  choice(name: EnvName): string {
    const typed = this.text(name)
    const row: EnvRow = ENV[name]
    const found = row.choices?.find((choice) => choice.toLowerCase() === typed.toLowerCase())
    if (found !== undefined) return found
    this.#bad(name, typed, `is not one of ${row.choices?.join(', ')} (case does not matter)`)
    return row.fallback
  }

  list(name: EnvName): readonly string[] {
    return this.text(name)
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
  }

  addressRanges(name: EnvName): readonly string[] {
    const entries = this.list(name).filter((entry) => entry.toLowerCase() !== 'none')
    for (const entry of entries) {
      if (!isAddressRange(entry)) this.#bad(name, entry, 'is not an address or CIDR range such as 10.0.0.0/8 or ::1')
    }
    return entries.filter(isAddressRange)
  }

  /** `host:port` without a scheme means http, as in Go's `http.ProxyFromEnvironment`. */
  proxyUrl(name: 'HTTP_PROXY' | 'HTTPS_PROXY'): Secret | undefined {
    const typed = this.#typed(name)
    if (typed === undefined) return undefined
    const text = typed.includes('://') ? typed : `http://${typed}`
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.hostname !== '') return new Secret(text)
    this.problems.push(`${name} is not a proxy address: http://[user:password@]host:port or https://… (no SOCKS)`)
    return undefined
  }

  /** POSIX allows a leading colon before the name of a zone. */
  timeZone(): string | undefined {
    const typed = this.#typed('TZ')?.replace(/^:/, '')
    if (typed === undefined || typed === '' || isTimeZone(typed)) return typed === '' ? undefined : typed
    this.warn('TZ', `"${typed}" is no name of a time zone (such as Asia/Shanghai); the zone of the system is used`)
    return undefined
  }

  notYet(name: EnvName): void {
    if (this.#typed(name) === undefined) return
    this.problems.push(`${name} is set, but this version cannot use it yet: unset it to go on with SQLite alone`)
  }

  #typed(name: EnvName): string | undefined {
    const row: EnvRow = ENV[name]
    const text = (this.#env[name] ?? (row.alias === undefined ? undefined : this.#env[row.alias]))?.trim()
    return text === '' ? undefined : text
  }

  #bad(name: EnvName, typed: string, why: string): void {
    const row: EnvRow = ENV[name]
    if (row.forgiving) this.warnings.push(`${name}: "${typed}" ${why}; ${row.fallback} is used`)
    else this.problems.push(`${name}: "${typed}" ${why}`)
  }
}

/** Decimal digits with an optional sign, as Go's `strconv.Atoi` reads them; `undefined` for anything else. */
function wholeNumber(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
