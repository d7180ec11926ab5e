import type { LinkEnd } from '../ports/link.ts'

/** What the far end of a line under test is told to do. */
export type Order =
  | { readonly do: 'echo'; readonly value: unknown }
  /** Sends 0..n-1, each as a message. */
  | { readonly do: 'count'; readonly n: number }
  /** Sends 0..n-1 and closes its end at once. */
  | { readonly do: 'count-and-close'; readonly n: number }
  | { readonly do: 'close' }

/** The far end of the contract: the same for a line inside this process and for one to another. */
export function answerAsPeer(link: LinkEnd<unknown, Order>): void {
  const count = (n: number): void => {
    for (let at = 0; at < n; at++) link.send(at)
  }
  link.onMessage((order) => {
    switch (order.do) {
      case 'echo':
        return void link.send(order.value)
      case 'count':
        return count(order.n)
      case 'count-and-close':
        count(order.n)
        return link.close()
      case 'close':
        return link.close()
    }
  })
}
