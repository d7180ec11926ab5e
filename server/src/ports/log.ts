export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The process log. Values named like secrets are redacted by the implementation; never pass an opened `Secret`. */
export interface Log {
  write(level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void
}
