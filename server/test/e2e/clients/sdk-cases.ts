import type { Gateway } from './gateway.ts'
import type { NoInternet } from './no-internet.ts'
import type { Report } from './report.ts'

export async function sdkCases(_gateway: Gateway, _net: NoInternet, _report: Report): Promise<void> {}
