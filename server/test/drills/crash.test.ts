// kill -9 of control and of proxies at random, under load: a shortened form of `npm run crash`.
import { afterEach, expect, test } from 'bun:test'
import { crashDrill } from './crash.ts'
import { cleanUp } from './program.ts'

afterEach(cleanUp)

test('whatever is killed, and whenever: each attempt is in the log once and charged once, and all sums agree', async () => {
  const report = await crashDrill({ requests: 1_200, killEveryMs: [300, 1_200] })
  const { kills, lostYoung, shortYoung, tookS } = report
  console.log(
    `crash drill: ${kills.control} kills of control, ${kills.proxy} of proxies in ${tookS} s; not in the log: ${lostYoung} younger than a second, ${shortYoung} partly`,
  )
  expect(report.problems).toEqual([])
  expect(report.requests).toBe(1_200)
  expect(kills.control).toBeGreaterThan(0)
  expect(kills.proxy).toBeGreaterThan(0)
  // What a kill takes with it is little: most of what was lost had only begun.
  expect(lostYoung + shortYoung).toBeLessThan(report.requests / 10)
}, 120_000)
