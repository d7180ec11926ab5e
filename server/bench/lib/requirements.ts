import { meetNeed } from '../../../tools/needs.mjs'
import { allowedCores, ownStatus } from './processes.ts'

const BY_HAND = ['taskset', 'openssl'] as const

/** What is missing, in words; installs what it may. Undefined when all is there. */
export function missing(say: (text: string) => void): string | undefined {
  if (process.platform !== 'linux') return 'The benchmarks read /proc and pin processes to cores: they need Linux.'
  if (allowedCores(ownStatus()).length < 2) return 'The benchmarks need two cores: one is measured, the other measures.'
  const absent = [
    ...(['nginx', 'wrk'] as const).filter((name) => !meetNeed(name, say)),
    ...BY_HAND.filter((name) => Bun.which(name) === null),
  ]
  if (absent.length === 0) return undefined
  return `The benchmarks need ${absent.join(', ')}, which this machine does not have: apt-get install nginx-light wrk util-linux openssl`
}

/** nginx lies where only root looks for programs. */
export function widenPath(): void {
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin:/sbin`
}
