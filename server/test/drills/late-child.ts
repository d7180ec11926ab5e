// A child that is busy with something else before it listens to its line.
import { answerAsPeer, type Order } from '../../src/link/contract-peer.ts'
import { parentLink } from '../../src/link/ipc.ts'

const BUSY_MS = 150

const link = parentLink<unknown, Order>()
link.send('hello')
await Bun.sleep(BUSY_MS)
answerAsPeer(link)
link.onClose(() => process.exit(0))
