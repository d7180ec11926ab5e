// The far end of the link contract as a process of its own.
import { answerAsPeer, type Order } from '../../src/link/contract-peer.ts'
import { parentLink } from '../../src/link/ipc.ts'

answerAsPeer(parentLink<unknown, Order>())
