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
const LABELS: Readonly<Record<LogLevel, string>> = { debug: 'DEBUG', info: 'INFO ', warn: 'WARN ', error: 'ERROR' }
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
        const clean = redactFields(options.source === undefined ? fields : { source: options.source, ...fields })
        const line = options.format === 'json' ? jsonLine : textLine
        const entry = { time: isoTime(clock.nowMs()), level, event: redactText(event), fields: clean }
        writeLine(`${line(entry)}\n`, RANKS[level] >= RANKS.warn)
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

let isoSecond = ''
let isoSecondAtMs = Number.NaN

/** ISO 8601, UTC. The text of a second is kept: a busy proxy writes thousands of lines in one. */
function isoTime(nowMs: number): string {
  const ms = nowMs % 1000
  if (nowMs - ms !== isoSecondAtMs) {
    isoSecondAtMs = nowMs - ms
    isoSecond = new Date(isoSecondAtMs).toISOString().slice(0, -4)
  }
  return `${isoSecond}${String(Math.trunc(ms)).padStart(3, '0')}Z`
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
  let line = `${time} ${LABELS[level]} ${event.replace(/[\r\n]+/g, ' ')}`
  for (const name in fields) if (fields[name] !== undefined) line += ` ${name}=${textValue(fields[name])}`
  return line.length <= MAX_LINE_CHARS ? line : `${line.slice(0, MAX_LINE_CHARS)}…`
}

const MAX_KNOWN_TEXTS = 1_000
const MAX_KNOWN_CHARS = 64
const knownTexts = new Map<string, string>()

/** JSON quoting also keeps line ends out, so nobody can forge a line. Methods and paths repeat, so these are remembered. */
function textValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const known = knownTexts.get(value)
  if (known !== undefined) return known
  const text = /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
  if (knownTexts.size < MAX_KNOWN_TEXTS && value.length <= MAX_KNOWN_CHARS) knownTexts.set(value, text)
  return text
}
