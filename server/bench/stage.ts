import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Child } from './child.ts'
import { DIRECT, GATEWAY, REFERENCE } from './figure.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Cores } from './machine.ts'
import { startMock } from './mock.ts'
import { startNginx } from './nginx.ts'
import type { Place } from './place.ts'

/** A program that is measured. */
export type Subject = {
  readonly name: string
  readonly port: number
  /** Root of its process tree. */
  readonly pid: number
  /** What clients present; programs that check nobody get any text. */
  readonly token: string
}

/** How long and how often. */
export type Effort = {
  readonly rounds: number
  readonly roundS: number
  /** Load before the first round, so that compilers have compiled. */
  readonly warmUpS: number
  readonly isQuick: boolean
}

/** What every measure needs to know. */
export type Setting = {
  readonly root: string
  readonly cores: Cores | undefined
  readonly effort: Effort
  readonly ticksPerSecond: number
  /** Another version of the gateway. */
  readonly against: { readonly name: string; readonly root: string } | undefined
}

export type StageWish = {
  readonly mock: readonly string[]
  readonly insecureTls?: boolean
}

export type Stage = {
  readonly place: Place
  /** nginx and every gateway, each in front of the same mock. */
  readonly subjects: readonly Subject[]
  /** The mock itself. */
  readonly direct: Subject
}

/** One mock, and in front of it nginx and the gateways; all end with `play`. */
export async function onStage<T>(setting: Setting, wish: StageWish, play: (stage: Stage) => Promise<T>): Promise<T> {
  return inPlace(setting, async (place, started) => {
    const mock = await startMock(place, ['--bench', ...wish.mock])
    started.push(mock.child)
    const nginx = await startNginx(place, mock.url)
    started.push(nginx.child)
    const subjects: Subject[] = [{ name: REFERENCE, port: nginx.port, pid: nginx.child.pid, token: 'none' }]
    for (const { name, root } of gatewaysOf(setting)) {
      const gateway = await startGateway(place, { root, name: folderOf(name), insecureTls: wish.insecureTls ?? false })
      started.push(gateway.child)
      await gateway.addChannel({ name: 'mock', url: mock.url })
      subjects.push({ name, port: gateway.port, pid: gateway.child.pid, token: gateway.token })
    }
    return play({ place, subjects, direct: { name: DIRECT, port: mock.port, pid: mock.child.pid, token: 'none' } })
  })
}

/** For measures that only gateways take part in. */
export async function withGateway<T>(
  setting: Setting,
  at: Version,
  play: (gateway: Gateway, place: Place) => Promise<T>,
): Promise<T> {
  return inPlace(setting, async (place, started) => {
    const gateway = await startGateway(place, { root: at.root, name: folderOf(at.name) })
    started.push(gateway.child)
    return play(gateway, place)
  })
}

export type Version = { readonly name: string; readonly root: string }

/** Every version of the gateway that is measured; ours is the last. */
export function gatewaysOf({ root, against }: Setting): readonly Version[] {
  return [...(against ? [against] : []), { name: GATEWAY, root }]
}

/** A temporary place; all that was started there ends with `play`, the last first. */
export async function inPlace<T>(setting: Setting, play: (place: Place, started: Child[]) => Promise<T>): Promise<T> {
  const place: Place = { dir: mkdtempSync(join(tmpdir(), 'ccload-bench-')), cores: setting.cores, root: setting.root }
  const started: Child[] = []
  try {
    return await play(place, started)
  } finally {
    for (const child of started.toReversed()) await child.stop()
    rmSync(place.dir, { recursive: true, force: true })
  }
}

/** Rounds take turns in who is first: whoever comes second finds a warmer machine. */
export function inTurn<T>(all: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? all : all.toReversed()
}

function folderOf(name: string): string {
  return name.replace(/[^A-Za-z0-9.-]/g, '_')
}
