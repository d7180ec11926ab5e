// What counting tokens costs, and whom it delays: a prompt of 20 KB, a megabyte of the worst texts we know, and other
// questions and the event loop of control while megabytes are counted.
//   bun server/bench/count-tokens.ts
import { tokenCounter } from '../src/control/token-counter.ts'

const ROUNDS = 500
const KB = 1_000
const MB = 1_000_000
const PAUSE_MS = 2
const counter = tokenCounter()

/** The same each time. */
function randomText(alphabet: string, chars: number): string {
  const letters = [...alphabet]
  let state = 12_345
  let text = ''
  for (let n = 0; n < chars; n++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    text += letters[Math.floor((state / 2_147_483_648) * letters.length)]
  }
  return text
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const PROSE = 'The gateway takes the request, asks one channel after the other, and relays what comes. '
const CODE = 'export function sum(list: readonly number[]): number {\n  return list.reduce((a, b) => a + b, 0)\n}\n'

const ADVERSARIES: Readonly<Record<string, string>> = {
  'one letter': 'a'.repeat(MB),
  base64: randomText(`${LOWER}${LOWER.toUpperCase()}0123456789+/`, MB),
  emoji: randomText('😀👩‍👩‍👧‍👦🎉🏳️‍🌈🚀', MB / 4),
  'no blanks': randomText(LOWER, MB),
  Chinese: randomText('的一是在不了有和人这中大为上个国我以要他时来用们', MB / 3),
  blanks: ' '.repeat(MB),
  digits: randomText('0123456789', MB),
  prose: PROSE.repeat(Math.ceil(MB / PROSE.length)),
  'prose, 10 MB': PROSE.repeat(Math.ceil((10 * MB) / PROSE.length)),
  'no blanks, 10 MB': randomText(LOWER, MB).repeat(10),
}

function bodyOf(text: string, model = 'claude-sonnet-4-5'): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ model, messages: [{ role: 'user', content: text }] }))
}

async function count(body: Uint8Array<ArrayBuffer>): Promise<number> {
  const startMs = performance.now()
  const answer = await counter.count(body)
  if (!answer.ok) throw new Error(answer.message)
  return performance.now() - startMs
}

function say(name: string, times: readonly number[], targetMs: number): void {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2)
  process.stdout.write(`| ${name} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | <= ${targetMs} |\n`)
}

/** How late a timer of the calling thread is, beyond its time. */
function watchLoop(): () => readonly number[] {
  const late: number[] = []
  let dueMs = performance.now() + PAUSE_MS
  const timer = setInterval(() => {
    late.push(Math.max(0, performance.now() - dueMs))
    dueMs = performance.now() + PAUSE_MS
  }, PAUSE_MS)
  return () => {
    clearInterval(timer)
    return late
  }
}

async function many(text: string, rounds: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) times.push(await count(bodyOf(text)))
  return times
}

process.stdout.write('| | p50, ms | p99, ms | worst, ms | target of p99 |\n| --- | ---: | ---: | ---: | --- |\n')
const usual = CODE.repeat(Math.ceil((20 * KB) / CODE.length))
say('first question, with its vocabulary', [await count(bodyOf('Hi'))], 1_000)
say('20 KB', await many(usual, ROUNDS), 5)
const endAlone = watchLoop()
await Bun.sleep(500)
say('timers of control, nothing counted', endAlone(), 10)

const megabyte = PROSE.repeat(Math.ceil(MB / PROSE.length))
let isOver = false
const heavy = (async () => {
  while (!isOver) await count(bodyOf(megabyte))
})()
const endBusy = watchLoop()
const beside: number[] = []
for (let round = 0; round < ROUNDS / 2; round++) {
  beside.push(await count(bodyOf('Hello, how are you?')))
  await Bun.sleep(1)
}
isOver = true
await heavy
say('a short question while megabytes are counted', beside, 10)
say('timers of control while megabytes are counted', endBusy(), 10)

for (const [name, text] of Object.entries(ADVERSARIES)) {
  const megabytes = Buffer.byteLength(text) / MB
  say(
    `${name}, for each MB`,
    (await many(text, megabytes > 2 ? 3 : 9)).map((ms) => ms / megabytes),
    50,
  )
}
counter.close()
