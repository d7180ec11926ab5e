import type { Clock } from '../ports/clock.ts'
import type { Log, LogLevel } from '../ports/log.ts'
import { redactFields, redactText } from './redact.ts'

export type LogOptions = {
  /** Default: the clock of the system. */
  readonly clock?: Pick<Clock, 'nowMs'>
  /** Lines below it are dropped. */
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** Which process of ours speaks, e.g. `control` or `proxy-2`. */
  readonly source?: string
  /** Takes one whole line, line end included; `isUrgent` = must be out at once. Default: stderr. */
  readonly writeLine?: (line: string, isUrgent: boolean) => void
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const MAX_LINE_CHARS = 8000

/**
 * The process log: one line an event, on stderr, without secrets.
 *
 * `write` never throws and never waits: a log that can fail a request is worse than none.
 */
export function openLog(options: LogOptions): Log {
  const writeLine = options.writeLine ?? lineWriter()
  const clock = options.clock ?? { nowMs: () => Date.now() }
  const least = RANKS[options.level]
  return {
    write(level, event, fields = {}) {
      if (RANKS[level] < least) return
      try {
        const time = new Date(clock.nowMs()).toISOString()
        const clean = { ...(options.source === undefined ? {} : { source: options.source }), ...redactFields(fields) }
        const line = options.format === 'json' ? jsonLine : textLine
        writeLine(`${line({ time, level, event: redactText(event), fields: clean })}\n`, RANKS[level] >= RANKS.warn)
      } catch {
        // Nowhere left to say it: stderr is closed or full.
      }
    },
  }
}

const GATHER_MS = 50

/** To stderr, many lines with one write: a write each would cost a busy proxy more than making the line. */
function lineWriter(): (line: string, isUrgent: boolean) => void {
  let gathered = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const text = gathered
    gathered = ''
    try {
      if (text !== '') process.stderr.write(text)
    } catch {
      // Nobody reads any more. A proxy outlives the control whose stderr it shares, and must not die of that.
    }
  }
  process.stderr.on('error', () => {}) // the same, said later
  process.on('exit', flush)
  return (line, isUrgent) => {
    gathered += line
    if (isUrgent) flush()
    else timer ??= setTimeout(flush, GATHER_MS)
  }
}

type Entry = {
  /** ISO 8601, UTC. */
  readonly time: string
  readonly level: LogLevel
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Too long a line loses its fields, not its meaning: half a JSON text would be worth nothing. */
function jsonLine({ time, level, event, fields }: Entry): string {
  const whole = JSON.stringify({ ...fields, time, level, event })
  return whole.length <= MAX_LINE_CHARS ? whole : JSON.stringify({ time, level, event, omittedChars: whole.length })
}

/** `2026-01-22T10:00:00.000Z WARN  event name=value other="with blanks"` */
function textLine({ time, level, event, fields }: Entry): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${textValue(value)}`)
  const line = `${time} ${level.toUpperCase().padEnd(5)} ${event.replace(/[\r\n]+/g, ' ')}${shown.join('')}`
  return line.length <= MAX_LINE_CHARS ? line : `${line.slice(0, MAX_LINE_CHARS)}…`
}

/** JSON quoting also keeps line ends out, so nobody can forge a line. */
function textValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value)) return value
  return JSON.stringify(value)
}
