/** What one run of a test runner came to. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number }

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 }

export function addTallies(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The closing line of a test run; tools outside read exactly this. */
export function tallyLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`
}

/**
 * The totals of a JUnit report.
 *
 * @param report    The XML; `undefined` when the runner died before it wrote one.
 * @param exitCode  Of the runner. An error outside of any test (a file that does not load, a crash) is in no total, but
 *                  the exit code knows it: then at least one counts as failed.
 */
export function tallyOf(report: string | undefined, exitCode: number): Tally {
  const head = /<testsuites\b[^>]*>/.exec(report ?? '')?.[0] ?? ''
  const total = attribute(head, 'tests')
  const skipped = attribute(head, 'skipped')
  const failed = attribute(head, 'failures') + attribute(head, 'errors')
  const unseen = exitCode !== 0 && failed === 0 ? 1 : 0
  return { passed: Math.max(total - skipped - failed, 0), failed: failed + unseen, skipped }
}

function attribute(tag: string, name: string): number {
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0)
}
