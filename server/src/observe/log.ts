import type { Clock } from '../ports/clock.ts'
import type { Log, LogLevel } from '../ports/log.ts'
import { HIDDEN, MAX_FIELDS, redactField, redactFields, redactText } from './redact.ts'

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
        const entry = { time: isoTime(clock.nowMs()), level, event: redactText(event), source: options.source, fields }
        writeLine(`${options.format === 'json' ? jsonLine(entry) : textLine(entry)}\n`, RANKS[level] >= RANKS.warn)
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
  readonly source: string | undefined
  /** As they were given: not yet fit to print. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Too long a line loses its fields, not its meaning: half a JSON text would be worth nothing. */
function jsonLine({ time, level, event, source, fields }: Entry): string {
  const clean = redactFields(source === undefined ? fields : { source, ...fields })
  const whole = JSON.stringify({ ...clean, time, level, event })
  return whole.length <= MAX_LINE_CHARS ? whole : JSON.stringify({ time, level, event, omittedChars: whole.length })
}

const LINE_ENDS = /[\r\n]+/g

/** `2026-01-22T10:00:00.000Z WARN  event name=value other="with blanks"` */
function textLine({ time, level, event, source, fields }: Entry): string {
  let line = `${time} ${LABELS[level]} ${event.replace(LINE_ENDS, ' ')}${source === undefined ? '' : ` source=${source}`}`
  let left = MAX_FIELDS
  for (const name in fields) {
    if (left-- === 0) break
    line += textField(name, fields)
  }
  return line.length <= MAX_LINE_CHARS ? line : `${line.slice(0, MAX_LINE_CHARS)}…`
}

const MAX_KNOWN_FIELDS = 1_000
const MAX_KNOWN_CHARS = 64
/** By name and value, ready to print: methods and paths repeat in every line of a busy proxy. */
const knownFields = new Map<string, Map<string, string>>()
let knownCount = 0

/** Straight to text: an object of clean fields in between made the access log cost twice as much. */
function textField(name: string, fields: Readonly<Record<string, unknown>>): string {
  const value = heldUnder(fields, name)
  if (typeof value !== 'string') return freshField(name, fields)
  const known = knownFields.get(name)?.get(value)
  if (known !== undefined) return known
  const text = freshField(name, fields)
  if (knownCount < MAX_KNOWN_FIELDS && value.length <= MAX_KNOWN_CHARS && !text.includes(HIDDEN)) {
    knownCount++
    const ofName = knownFields.get(name)
    if (ofName) ofName.set(value, text)
    else knownFields.set(name, new Map([[value, text]]))
  }
  return text
}

function heldUnder(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return fields[name]
  } catch {
    return undefined // a getter threw: the long way says so
  }
}

function freshField(name: string, fields: Readonly<Record<string, unknown>>): string {
  const [shown, value] = redactField(name, fields)
  return value === undefined ? '' : ` ${shown}=${textValue(value)}`
}

/** JSON quoting also keeps line ends out, so nobody can forge a line. */
function textValue(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : JSON.stringify(value)
}
