import type { LinkEnd } from '../ports/link.ts'

/** The proxy's end: the channel to the process that started it. Made first of all: what comes meanwhile waits in it. */
export function parentLink<Out, In>(): LinkEnd<Out, In> {
  const early: In[] = []
  const onClose: (() => void)[] = []
  let onMessage = (message: In): void => void early.push(message)
  let open = true
  const closed = (): void => {
    if (!open) return
    open = false
    for (const listener of onClose) listener()
  }
  process.on('message', (message) => onMessage(message as In))
  process.on('disconnect', closed)
  return {
    send(message) {
      if (!open || !process.send) return false
      try {
        return process.send(message) ?? true
      } catch {
        return false // the parent died this instant; `disconnect` follows
      }
    },
    onMessage(listener) {
      onMessage = listener
      for (const message of early.splice(0)) listener(message)
    },
    onClose(listener) {
      if (open) onClose.push(listener)
      else queueMicrotask(listener)
    },
    close() {
      process.disconnect?.()
      closed()
    },
  }
}

export type Child<Out, In> = {
  readonly pid: number
  readonly link: LinkEnd<Out, In>
  /** Resolves with its exit code, 128 + n for signal n. */
  readonly exited: Promise<number>
  kill(signal: NodeJS.Signals): void
}

/** Starts this program once more, in another role, with a line to it. JSON costs half of structured clone here. */
export function startChild<Out, In>(command: readonly string[], env: Record<string, string>): Child<Out, In> {
  let onMessage: (message: In) => void = () => {}
  const onClose: (() => void)[] = []
  let open = true
  const closed = (): void => {
    if (!open) return
    open = false
    for (const listener of onClose) listener()
  }
  const child = Bun.spawn([...command], {
    env,
    serialization: 'json',
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    ipc: (message) => onMessage(message as In),
    onDisconnect: closed,
    onExit: closed,
  })
  const link: LinkEnd<Out, In> = {
    send(message) {
      if (!open) return false
      try {
        child.send(message)
        return true
      } catch {
        return false // it died this instant; `onExit` follows
      }
    },
    onMessage(listener) {
      onMessage = listener
    },
    onClose(listener) {
      onClose.push(listener)
    },
    close() {
      if (open) child.disconnect()
    },
  }
  return { pid: child.pid, link, exited: child.exited, kill: (signal) => child.kill(signal) }
}
