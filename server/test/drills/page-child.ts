// A process that works on a shared page beside others: `page-child.ts <page> <row> <witness> <job> <count>`.
// The witness is a second file, mapped too: what it counts does not depend on the page under test.
import { SharedPage } from '../../src/link/shared-page.ts'

const [pagePath = '', row = '0', witnessPath = '', job = '', count = '0'] = process.argv.slice(2)
const page = new SharedPage(Bun.mmap(pagePath, { shared: true }), Number(row))
const witness = new Int32Array(Bun.mmap(witnessPath, { shared: true }).buffer)
const rounds = Number(count)

/** Cells of the witness. */
const READY = 0
const INSIDE = 1
const MOST_INSIDE = 2
const TORN = 3
const REFUSED = 4

const LIMIT = 2 // each wants two: they must be kept apart
const CELL = 77
const METER = 5
const MINUTE_LIMIT = 77_777
const HELD_LIMIT = 3
const BASE_MS = Date.now()
const MINUTE_MS = 1_790_000_000_000 // one instant for both

Atomics.add(witness, READY, 1)
while (Atomics.load(witness, READY) < 2) await Bun.sleep(1) // both begin together

const JOBS: Readonly<Record<string, () => unknown>> = {
  /** All turns that were got. */
  turns: () => Array.from({ length: rounds }, () => page.takeTurn(1)),
  /** Wants two slots again and again; the witness knows how many were inside at once. */
  slots() {
    for (let at = 0; at < rounds; at++) {
      const held = Number(enterSeen()) + Number(enterSeen())
      for (let slot = 0; slot < held; slot++) {
        Atomics.sub(witness, INSIDE, 1)
        page.leave()
      }
    }
    return rounds
  },
  memory() {
    let got = 0
    for (let at = 0; at < rounds; at++) {
      const bytes = 1 + ((at * 7_919) % 100_000)
      if (!page.reserveBytes(bytes, 200_000)) continue
      got++
      page.releaseBytes(bytes)
    }
    return got
  },
  /** Each adds one second to the length of one rest, as often as told: no addition may be lost, no rest be seen torn. */
  rests() {
    for (let at = 0; at < rounds; at++) {
      page.changeRest(CELL, (previous) => {
        const lengthMs = previous ? previous.untilMs - previous.sinceMs : 0
        if (lengthMs % 1_000 !== 0) Atomics.add(witness, TORN, 1)
        const sinceMs = BASE_MS + (at % 1_000) * 10
        return { sinceMs, untilMs: sinceMs + lengthMs + 1_000 }
      })
    }
    return rounds
  },
  /** As `slots`, in the places of a meter; then both with room for both, where nobody may be refused. */
  places() {
    for (let at = 0; at < rounds; at++) {
      const held = Number(seen(page.meters.enter(METER, LIMIT))) + Number(seen(page.meters.enter(METER, LIMIT)))
      for (let slot = 0; slot < held; slot++) {
        Atomics.sub(witness, INSIDE, 1)
        page.meters.leave(METER)
      }
      if (!page.meters.enter(METER + 1, LIMIT)) Atomics.add(witness, TORN, 1)
      else page.meters.leave(METER + 1)
    }
    return rounds
  },
  /** How many got into one minute. */
  minute: () =>
    Array.from({ length: rounds }, () => page.meters.count(METER, MINUTE_LIMIT, MINUTE_MS)).filter((ms) => ms === 0)
      .length,
  /** Holds, and is released, as long as fewer than three others are. */
  holds() {
    for (let at = 0; at < rounds; at++) {
      let held = 0
      for (let wanted = 0; wanted < HELD_LIMIT; wanted++)
        held += Number(seen(page.meters.hold(METER, (others) => others < HELD_LIMIT)))
      for (let slot = 0; slot < held; slot++) {
        Atomics.sub(witness, INSIDE, 1)
        page.meters.release(METER, page.meters.row)
      }
    }
    return rounds
  },
  /** Takes and holds until it is killed. */
  async hold() {
    for (let at = 0; at < rounds; at++) page.enter(1_000)
    for (let at = 0; at < rounds; at++) if (page.meters.enter(METER, 1_000)) page.meters.hold(METER, () => true)
    page.startWaiting(10)
    page.reserveBytes(5_000_000, 1e9)
    process.stdout.write('"holding"\n')
    await Bun.sleep(60_000)
  },
}

function enterSeen(): boolean {
  return seen(page.enter(LIMIT))
}

function seen(isIn: boolean): boolean {
  if (!isIn) {
    Atomics.add(witness, REFUSED, 1)
    return false
  }
  const inside = Atomics.add(witness, INSIDE, 1) + 1
  for (let most = Atomics.load(witness, MOST_INSIDE); inside > most; most = Atomics.load(witness, MOST_INSIDE)) {
    Atomics.compareExchange(witness, MOST_INSIDE, most, inside)
  }
  return true
}

process.stdout.write(`${JSON.stringify(await JOBS[job]?.())}\n`)
