import type { Call } from '../../mock-upstream/call.ts'
import type { ChannelTypeName } from './gateway.ts'
import type { AgentName } from './versions.ts'

/** How a client is pointed at a server: what users set, and nothing else. */
export type Pointing = {
  readonly url: string
  readonly token: string
  /** Where the client keeps what it keeps. */
  readonly home: string
}

export type Finished = { readonly code: number; readonly out: string; readonly errors: string }

/** What a user of the client would say of one run. */
export type Outcome = {
  /** The client itself says that it is done and all went well. */
  readonly well: boolean
  readonly finalText: string
  /** Whatever the user saw of failures: errors, retries, warnings about the connection. */
  readonly complaints: readonly string[]
}

export type Tool = { readonly name: string; readonly args: Readonly<Record<string, unknown>> }

/** One coding agent: how to point it, start it and understand what it says. */
export interface Agent {
  readonly name: AgentName
  readonly channelType: ChannelTypeName
  readonly model: string
  /** Request line of its calls. */
  readonly requestLine: string
  /** `Accept-Encoding` as it sends it; `undefined`: none. */
  readonly acceptEncoding: string | undefined
  /** Files below its home, by path. */
  files(pointing: Pointing): Readonly<Record<string, string>>
  env(pointing: Pointing): Readonly<Record<string, string>>
  args(prompt: string): readonly string[]
  /** The call of its tool that runs `command` in a shell. */
  tool(command: string): Tool
  outcome(finished: Finished): Outcome
}

/** JSON lines; what is no JSON is left out. */
export function jsonLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return value !== null && typeof value === 'object' ? [value as Record<string, unknown>] : []
    } catch {
      return [] // a line for people
    }
  })
}

export function headerOf(call: Call, name: string): string | undefined {
  return call.headers.find(([other]) => other.toLowerCase() === name)?.[1]
}
