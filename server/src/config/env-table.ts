/** What a variable holds. `seconds` and `bytes` are whole numbers; `list` is separated by commas. */
export type EnvKind = 'text' | 'int' | 'seconds' | 'bytes' | 'flag' | 'choice' | 'list' | 'url'

/** One environment variable. The tables of the operating guide and `.env.example` are generated from these rows. */
export type EnvRow = {
  readonly kind: EnvKind
  /** As it would be typed; `''` = unset. */
  readonly fallback: string
  /** Bounds of a number, both inclusive, in the unit that `kind` names. */
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** Second name under which it is read when the first is unset. */
  readonly alias?: string
  readonly required?: true
  /** Its value is never printed. */
  readonly secret?: true
  /** A bad value is replaced by `fallback` and a warning, as the earlier program did; otherwise it stops the start. */
  readonly forgiving?: true
  readonly en: string
  readonly zh: string
}

const MAX_COOLDOWN_S = 604_800 // one week: beyond it a channel is better disabled by hand

/** Every environment variable that the program reads; a test fails when the sources use one that has no row. */
export const ENV = {
  CCLOAD_PASS: {
    kind: 'text',
    fallback: '',
    required: true,
    secret: true,
    en: 'Password of the console and the admin API. Any length. Without it the program does not start.',
    zh: '管理界面与管理 API 的密码，长度不限。必填，未设置则拒绝启动。',
  },
  PORT: {
    kind: 'text',
    fallback: '8080',
    en: 'Port to serve on, all interfaces. `8080` and `:8080` mean the same; `0` takes any free one.',
    zh: '服务端口，监听所有网卡。`8080` 与 `:8080` 等价；`0` 表示任选空闲端口。',
  },
  SQLITE_PATH: {
    kind: 'text',
    fallback: 'data/ccload.db',
    en: 'SQLite database file, created with its folder when missing. `:memory:` keeps everything in memory.',
    zh: 'SQLite 数据库文件，缺失时连同目录一起创建。`:memory:` 表示只放在内存里。',
  },
  SQLITE_JOURNAL_MODE: {
    kind: 'choice',
    fallback: 'WAL',
    choices: ['WAL', 'TRUNCATE', 'DELETE', 'PERSIST', 'MEMORY', 'OFF'],
    en: 'SQLite journal mode. On a network or container volume without shared memory use TRUNCATE.',
    zh: 'SQLite 日志模式。容器或网络卷环境建议 TRUNCATE。',
  },
  CCLOAD_MYSQL: {
    kind: 'text',
    fallback: '',
    secret: true,
    en: 'MySQL data source name. Not in this version yet: setting it stops the start.',
    zh: 'MySQL DSN。当前版本尚未支持：设置后拒绝启动。',
  },
  REDIS_URL: {
    kind: 'text',
    fallback: '',
    secret: true,
    en: 'Redis address. Not in this version yet: setting it stops the start.',
    zh: 'Redis 连接地址。当前版本尚未支持：设置后拒绝启动。',
  },
  CCLOAD_WORKERS: {
    kind: 'int',
    fallback: '',
    min: 0,
    max: 31,
    en: 'Proxy processes. Unset: one per core, at most 31. `0`: everything in one process.',
    zh: '代理进程数。未设置：每核一个，最多 31；`0`：全部在同一进程内。',
  },
  CCLOAD_MAX_CONCURRENCY: {
    kind: 'int',
    fallback: '1000',
    min: 1,
    max: 1_000_000,
    forgiving: true,
    en: 'Requests served at the same time; more wait in a bounded queue. The setting `max_concurrency` overrides it.',
    zh: '同时处理的代理请求数；超出者在有界队列中等待。设置项 `max_concurrency` 可覆盖它。',
  },
  CCLOAD_MAX_BODY_BYTES: {
    kind: 'bytes',
    fallback: '10485760',
    min: 1,
    max: 1_073_741_824,
    forgiving: true,
    en: 'Largest request body. A longer one is answered with 413.',
    zh: '请求体最大字节数，超出返回 413。',
  },
  CCLOAD_MAX_BUFFERED_BYTES: {
    kind: 'bytes',
    fallback: '',
    min: 1_048_576,
    max: 1_099_511_627_776,
    en: 'Bytes of request and answer bodies held at once, all processes together; a request body counts twice, since it is copied to be sent. Unset: a quarter of the memory (of the container where there is one), at least 128 MiB.',
    zh: '所有进程同时缓存的请求与响应体总字节数；请求体因发送时需复制而计两次。未设置：内存（容器则取其限额）的四分之一，至少 128 MiB。',
  },
  CCLOAD_SHUTDOWN_GRACE: {
    kind: 'seconds',
    fallback: '10',
    min: 0,
    max: 86_400,
    en: 'How long running requests may go on after SIGTERM or SIGINT. A second signal ends at once.',
    zh: '收到 SIGTERM/SIGINT 后，进行中的请求最多还能运行多久。再次收到信号立即结束。',
  },
  CCLOAD_ALLOW_INSECURE_TLS: {
    kind: 'flag',
    fallback: '0',
    en: 'Exactly `1` turns certificate checks of upstreams off. Only for tests on your own machine.',
    zh: '仅当值为 `1` 时关闭上游证书校验。只应在本机测试时使用。',
  },
  CCLOAD_COOLDOWN_AUTH_SEC: {
    kind: 'seconds',
    fallback: '300',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'First rest after an authentication error (401, 402, 403).',
    zh: '认证错误（401/402/403）的初始冷却时间。',
  },
  CCLOAD_COOLDOWN_SERVER_SEC: {
    kind: 'seconds',
    fallback: '120',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'First rest after a server error (5xx).',
    zh: '服务器错误（5xx）的初始冷却时间。',
  },
  CCLOAD_COOLDOWN_TIMEOUT_SEC: {
    kind: 'seconds',
    fallback: '60',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'First rest after an error inside a 200 or a late first byte (597, 598).',
    zh: '超时与伪装成 200 的错误（597/598）的初始冷却时间。',
  },
  CCLOAD_COOLDOWN_RATE_LIMIT_SEC: {
    kind: 'seconds',
    fallback: '60',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'First rest after a rate limit (429) that names no time of its own.',
    zh: '限流（429）且上游未给出时间时的初始冷却时间。',
  },
  CCLOAD_COOLDOWN_MAX_SEC: {
    kind: 'seconds',
    fallback: '1800',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'Ceiling of the doubling rest. A time that the upstream names itself may be longer.',
    zh: '指数退避冷却的上限。上游自己给出的时间可以更长。',
  },
  CCLOAD_COOLDOWN_MIN_SEC: {
    kind: 'seconds',
    fallback: '10',
    min: 1,
    max: MAX_COOLDOWN_S,
    forgiving: true,
    en: 'Floor of the doubling rest.',
    zh: '指数退避冷却的下限。',
  },
  TRUSTED_PROXIES: {
    kind: 'list',
    fallback: 'none',
    en: 'Addresses or CIDR ranges of reverse proxies whose `X-Forwarded-For` is believed. `none` trusts nobody.',
    zh: '可信反向代理的地址或 CIDR 列表，只采信它们的 `X-Forwarded-For`。`none` 表示都不信任。',
  },
  HTTP_PROXY: {
    kind: 'url',
    fallback: '',
    alias: 'http_proxy',
    secret: true,
    en: 'Proxy for upstreams with an http address.',
    zh: '访问 http 上游所用的代理。',
  },
  HTTPS_PROXY: {
    kind: 'url',
    fallback: '',
    alias: 'https_proxy',
    secret: true,
    en: 'Proxy for upstreams with an https address.',
    zh: '访问 https 上游所用的代理。',
  },
  NO_PROXY: {
    kind: 'list',
    fallback: '',
    alias: 'no_proxy',
    en: 'Hosts that are reached without a proxy; `*` = all.',
    zh: '不经代理直接访问的主机；`*` 表示全部。',
  },
  TZ: {
    kind: 'text',
    fallback: '',
    en: 'Time zone that says when a day begins (daily limits, statistics). Unset: the zone of the system.',
    zh: '时区，决定“今天”从何时开始（每日限额、统计）。未设置：系统时区。',
  },
  GIN_MODE: {
    kind: 'choice',
    fallback: 'release',
    choices: ['debug', 'release', 'test'],
    forgiving: true,
    en: '`debug` writes debug lines to the log.',
    zh: '运行模式；`debug` 输出调试日志。',
  },
  GIN_LOG: {
    kind: 'flag',
    fallback: 'true',
    en: 'Access log, one line per request. `false`, `0`, `no`, `off` turn it off.',
    zh: '访问日志开关（`false`/`0`/`no`/`off` 关闭）。',
  },
  CCLOAD_LOG_FORMAT: {
    kind: 'choice',
    fallback: 'text',
    choices: ['text', 'json'],
    en: 'Form of the log lines on stderr.',
    zh: '标准错误输出的日志格式。',
  },
} as const satisfies Record<string, EnvRow>

/** Names that our own processes (`CCLOAD_PROXY_START`) and the test runner set; nobody types them. */
export const INTERNAL_NAME = /^CCLOAD_(?:TEST_|PROXY_START$)/

export type EnvName = keyof typeof ENV

/** The rows in the order in which they are documented. */
export function envRows(): readonly (readonly [EnvName, EnvRow])[] {
  return Object.entries(ENV) as readonly (readonly [EnvName, EnvRow])[]
}
