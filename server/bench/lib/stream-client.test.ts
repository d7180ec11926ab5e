import { afterEach, describe, expect, test } from 'bun:test'
import { StreamClient } from './stream-client.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const END = '0\r\n\r\n'

let server: Bun.TCPSocketListener | undefined
afterEach(() => server?.stop(true))

function eventText(sentAtMs: number): string {
  const data = `data: @${String(Math.round(sentAtMs * 1_000)).padStart(16, '0')}@x\n\n`
  return `${data.length.toString(16)}\r\n${data}\r\n`
}

/** Answers every request with these pieces, each in a packet of its own. */
function answering(pieces: readonly string[]): number {
  server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      async data(socket) {
        for (const piece of pieces) {
          socket.write(piece)
          socket.flush()
          await Bun.sleep(1) // so that each piece comes in a read of its own
        }
      },
    },
  })
  return server.port
}

function read(pieces: readonly string[], streams = 1) {
  return new StreamClient({ port: answering(pieces), token: 't', streams, again: () => false }).done
}

describe('the reader of streams', () => {
  test('finds every mark, and the end, wherever the network cuts', async () => {
    const whole = HEAD + eventText(Date.now()) + eventText(Date.now()) + END
    for (let cut = HEAD.length; cut < whole.length; cut++) {
      const result = await read([whole.slice(0, cut), whole.slice(cut)])
      expect(result).toMatchObject({ events: 2, ended: 1, broken: 0 })
      server?.stop(true)
    }
  })

  test('finds a mark that lies in two chunks, and counts it once', async () => {
    const mark = `@${'1'.repeat(16)}@`
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
    for (let cut = 1; cut < mark.length; cut++) {
      const whole = HEAD + chunk(`data: ${mark.slice(0, cut)}`) + chunk(`${mark.slice(cut)} and more\n\n`) + END
      expect(await read([whole])).toMatchObject({ events: 1, ended: 1, broken: 0 })
      server?.stop(true)
    }
  })

  test('says how late each event came', async () => {
    const { delaysMs } = await read([HEAD, eventText(Date.now() - 5_000), END])
    expect(delaysMs.length).toBe(1)
    expect(delaysMs[0]).toBeWithin(4_990, 7_000)
  })

  test('counts an answer that is not a 200 as broken', async () => {
    expect(await read(['HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n'], 3)).toMatchObject({ ended: 0, broken: 3 })
  })

  test('asks again on the same connection as long as it is told to', async () => {
    let asked = 0
    const port = answering([HEAD + eventText(Date.now()) + END])
    const result = await new StreamClient({ port, token: 't', streams: 1, again: () => ++asked < 4 }).done
    expect(result).toMatchObject({ events: 4, ended: 4, broken: 0 })
  })
})
