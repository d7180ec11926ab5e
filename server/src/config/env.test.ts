import { describe, expect, test } from 'bun:test'
import { Glob } from 'bun'
import { type Env, readConfig } from './env.ts'
import { ENV, envRows, INTERNAL_NAME } from './env-table.ts'

const PASS = { CCLOAD_PASS: 'correct horse' }
const read = (env: Env): ReturnType<typeof readConfig> => readConfig({ ...PASS, ...env })

describe('readConfig', () => {
  test('with only a password everything has the promised default and nothing is said', () => {
    const { config, problems, warnings } = readConfig(PASS)
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect(config).toMatchObject({
      port: 8080,
      sqlitePath: 'data/ccload.db',
      journalMode: 'WAL',
      workers: undefined,
      maxConcurrency: 1000,
      maxBodyBytes: 10_485_760,
      maxBufferedBytes: undefined,
      shutdownGraceMs: 10_000,
      allowInsecureTls: false,
      cooldown: {
        authMs: 300_000,
        serverMs: 120_000,
        timeoutMs: 60_000,
        rateLimitMs: 60_000,
        maxMs: 1_800_000,
        minMs: 10_000,
      },
      trustedProxies: [],
      httpProxyUrl: undefined,
      httpsProxyUrl: undefined,
      noProxy: [],
      timeZone: undefined,
      accessLog: true,
      logLevel: 'info',
      logFormat: 'text',
    })
    expect(config.adminPassword.open()).toBe('correct horse')
  })

  test.each([[undefined], [''], ['   ']])('password %p: refused with what to do', (password) => {
    const { problems } = readConfig({ CCLOAD_PASS: password })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('CCLOAD_PASS is not set')
    expect(problems[0]).toContain('.env')
  })

  test('a password keeps its blanks and may be longer than 72 bytes', () => {
    const password = ` ${'长'.repeat(100)} `
    expect(readConfig({ CCLOAD_PASS: password }).problems).toEqual([])
    expect(readConfig({ CCLOAD_PASS: password }).config.adminPassword.open()).toBe(password)
  })

  test('every problem is reported at once, each by the name of its variable', () => {
    const { problems } = readConfig({
      PORT: 'http',
      SQLITE_JOURNAL_MODE: 'fast',
      CCLOAD_WORKERS: '-1',
      CCLOAD_SHUTDOWN_GRACE: '10s',
      TRUSTED_PROXIES: '10.0.0.0/99',
      HTTPS_PROXY: 'socks5://h:1',
      CCLOAD_MYSQL: 'u:p@tcp(h)/d',
      REDIS_URL: 'redis://h',
    })
    const names = problems.map((problem) => problem.match(/^[A-Z_]+/)?.[0])
    expect(names.sort()).toEqual([
      'CCLOAD_MYSQL',
      'CCLOAD_PASS',
      'CCLOAD_SHUTDOWN_GRACE',
      'CCLOAD_WORKERS',
      'HTTPS_PROXY',
      'PORT',
      'REDIS_URL',
      'SQLITE_JOURNAL_MODE',
      'TRUSTED_PROXIES',
    ])
  })

  test.each([
    ['8080', 8080],
    [':9090', 9090],
    [' 7860 ', 7860],
    ['0', 0],
    ['65535', 65_535],
  ])('PORT=%s is port %d', (typed, port) => {
    expect(read({ PORT: typed })).toMatchObject({ config: { port }, problems: [] })
  })

  test.each(['65536', '-1', '80.5', '0x50', ':', 'localhost:80', '１'])('PORT=%s is refused', (typed) => {
    expect(read({ PORT: typed }).problems[0]).toContain('PORT')
  })

  test.each(['delete', 'Truncate', 'PERSIST', 'memory', 'wal', 'oFF'])(
    'journal mode %s is known in any case',
    (typed) => {
      const { config, problems } = read({ SQLITE_JOURNAL_MODE: typed })
      expect(problems).toEqual([])
      expect(config.journalMode as string).toBe(typed.toUpperCase())
    },
  )

  test('a wrong journal mode names the six that exist', () => {
    const [problem] = read({ SQLITE_JOURNAL_MODE: 'fast' }).problems
    for (const mode of ENV.SQLITE_JOURNAL_MODE.choices) expect(problem).toContain(mode)
  })

  test.each([
    ['CCLOAD_MAX_CONCURRENCY', '0', 'maxConcurrency', 1000],
    ['CCLOAD_MAX_CONCURRENCY', 'many', 'maxConcurrency', 1000],
    ['CCLOAD_MAX_BODY_BYTES', '-5', 'maxBodyBytes', 10_485_760],
    ['CCLOAD_MAX_BODY_BYTES', '1e6', 'maxBodyBytes', 10_485_760],
  ])('%s=%s falls back to the default with a warning, as it always did', (name, typed, field, value) => {
    const { config, problems, warnings } = read({ [name]: typed })
    expect(problems).toEqual([])
    expect(warnings).toEqual([expect.stringContaining(`${name}: "${typed}"`)])
    expect(config).toMatchObject({ [field]: value })
  })

  test.each(['AUTH', 'SERVER', 'TIMEOUT', 'RATE_LIMIT', 'MAX', 'MIN'])(
    'a bad CCLOAD_COOLDOWN_%s_SEC is a warning',
    (part) => {
      const { config, problems, warnings } = read({ [`CCLOAD_COOLDOWN_${part}_SEC`]: 'soon' })
      expect(problems).toEqual([])
      expect(warnings).toHaveLength(1)
      expect(config.cooldown).toEqual(readConfig(PASS).config.cooldown)
    },
  )

  test('cooldowns are read in seconds and kept in milliseconds', () => {
    expect(read({ CCLOAD_COOLDOWN_AUTH_SEC: '7' }).config.cooldown.authMs).toBe(7000)
  })

  test('a floor above the ceiling is a warning, and the ceiling holds', () => {
    const { config, warnings } = read({ CCLOAD_COOLDOWN_MIN_SEC: '100', CCLOAD_COOLDOWN_MAX_SEC: '50' })
    expect(warnings).toHaveLength(1)
    expect(config.cooldown).toMatchObject({ minMs: 50_000, maxMs: 50_000 })
  })

  test.each([
    ['1', true],
    ['true', false],
    ['yes', false],
    ['0', false],
  ])('CCLOAD_ALLOW_INSECURE_TLS=%s: %p, because only an exact 1 turns checks off', (typed, expected) => {
    const { config, warnings } = read({ CCLOAD_ALLOW_INSECURE_TLS: typed })
    expect(config.allowInsecureTls).toBe(expected)
    expect(warnings).toHaveLength(expected ? 1 : 0)
  })

  test.each([
    ['false', false],
    ['OFF', false],
    ['no', false],
    ['0', false],
    ['true', true],
    ['', true],
    ['anything', true],
  ])('GIN_LOG=%s: access log %p', (typed, expected) => {
    expect(read({ GIN_LOG: typed }).config.accessLog).toBe(expected)
  })

  test.each([
    ['none', []],
    ['', []],
    ['10.0.0.0/8, ::1/128,192.168.1.1', ['10.0.0.0/8', '::1/128', '192.168.1.1']],
  ])('TRUSTED_PROXIES=%s trusts %p', (typed, expected) => {
    expect(read({ TRUSTED_PROXIES: typed })).toMatchObject({ config: { trustedProxies: expected }, problems: [] })
  })

  test.each(['10.0.0.0/33', 'fd00::/129', '10.0.0', 'proxy.local', '10.0.0.0/8/8', '10.0.0.0/'])(
    'TRUSTED_PROXIES=%s is refused',
    (typed) => {
      expect(read({ TRUSTED_PROXIES: typed }).problems).toHaveLength(1)
    },
  )

  test.each([
    ['http://proxy:3128', 'http://proxy:3128'],
    ['https://u:p@proxy', 'https://u:p@proxy'],
    ['proxy:3128', 'http://proxy:3128'],
  ])('HTTPS_PROXY=%s', (typed, expected) => {
    expect(read({ HTTPS_PROXY: typed }).config.httpsProxyUrl?.open()).toBe(expected)
    expect(read({ https_proxy: typed }).config.httpsProxyUrl?.open()).toBe(expected)
  })

  test('no secret value ever reaches a problem or a warning', () => {
    const canary = 'CANARY-9f3c'
    const { problems, warnings } = readConfig({
      CCLOAD_MYSQL: canary,
      REDIS_URL: canary,
      HTTP_PROXY: `socks5://u:${canary}@h`,
      HTTPS_PROXY: `::${canary}`,
      CCLOAD_PASSWORD: canary,
    })
    expect(problems.length).toBeGreaterThanOrEqual(4)
    expect([...problems, ...warnings].join('\n')).not.toContain(canary)
  })

  test.each([
    ['Asia/Shanghai', 'Asia/Shanghai', 0],
    [':UTC', 'UTC', 0],
    ['', undefined, 0],
    ['Mars/Olympus', undefined, 1],
  ])('TZ=%s is zone %p', (typed, expected, warned) => {
    const { config, warnings } = read({ TZ: typed })
    expect(config.timeZone).toBe(expected)
    expect(warnings).toHaveLength(warned)
  })

  test.each([
    ['CCLOAD_MAX_CONCURENCY', 'CCLOAD_MAX_CONCURRENCY'],
    ['CCLOAD_PASSWORD', 'CCLOAD_PASS'],
    ['CCLOAD_COOLDOWN_AUTH', 'CCLOAD_COOLDOWN_AUTH_SEC'],
  ])('%s: did you mean %s?', (typed, meant) => {
    expect(read({ [typed]: 'x' }).warnings).toEqual([`${typed} is not a variable of ccLoad; did you mean ${meant}?`])
  })

  test('an unknown name that resembles nothing gets no wrong guess; names of other programs are not looked at', () => {
    expect(read({ CCLOAD_ZZZZZZ_QQQQQQ: '1', PATH: '/bin', CCLOAD_TEST_HAS_REDIS: '1' }).warnings).toEqual([
      'CCLOAD_ZZZZZZ_QQQQQQ is not a variable of ccLoad',
    ])
  })
})

describe('the table of variables', () => {
  const PROMISED = [
    'CCLOAD_PASS',
    'CCLOAD_MYSQL',
    'CCLOAD_ALLOW_INSECURE_TLS',
    'PORT',
    'GIN_MODE',
    'GIN_LOG',
    'SQLITE_PATH',
    'SQLITE_JOURNAL_MODE',
    'CCLOAD_MAX_CONCURRENCY',
    'CCLOAD_MAX_BODY_BYTES',
    'REDIS_URL',
    'CCLOAD_COOLDOWN_AUTH_SEC',
    'CCLOAD_COOLDOWN_SERVER_SEC',
    'CCLOAD_COOLDOWN_TIMEOUT_SEC',
    'CCLOAD_COOLDOWN_RATE_LIMIT_SEC',
    'CCLOAD_COOLDOWN_MAX_SEC',
    'CCLOAD_COOLDOWN_MIN_SEC',
    'TRUSTED_PROXIES',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'TZ',
  ]

  test('has a row for every variable that was ever promised', () => {
    expect(PROMISED.filter((name) => !(name in ENV))).toEqual([])
  })

  test('says of every row what it means, in both languages', () => {
    for (const [name, row] of envRows()) {
      expect([name, row.en.endsWith('.'), row.zh.endsWith('。')]).toEqual([name, true, true])
    }
  })

  // A variable nobody documents is one nobody can set.
  const READ = /(?:\benv(?:\.|\[')|\bgetenv\(')([A-Z][A-Z0-9_]+)|['"`](CCLOAD_[A-Z0-9_]+)['"`=]/g
  const OF_BUN = /^BUN_CONFIG_[A-Z_]+$/

  test('has a row for every variable that the sources read', async () => {
    const missing: string[] = []
    for await (const path of new Glob('**/*.ts').scan({ cwd: `${import.meta.dir}/..` })) {
      if (path.endsWith('.test.ts')) continue
      const text = await Bun.file(`${import.meta.dir}/../${path}`).text()
      for (const match of text.matchAll(READ)) {
        const name = match[1] ?? match[2] ?? ''
        if (!(name in ENV) && !INTERNAL_NAME.test(name) && !OF_BUN.test(name)) missing.push(`${path}: ${name}`)
      }
    }
    expect(missing).toEqual([])
  })
})
