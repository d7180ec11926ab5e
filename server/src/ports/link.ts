/**
 * One end of the line between control and a proxy. Messages arrive in order, once, or the line is closed.
 * They are plain data: what JSON cannot carry does not cross.
 */
export interface LinkEnd<Out, In> {
  /** False when the line is closed; never throws, never blocks. */
  send(message: Out): boolean
  /** One listener; set before the first message is due. */
  onMessage(listener: (message: In) => void): void
  /** Called once, when the other end is gone or after `close`. */
  onClose(listener: () => void): void
  close(): void
}
