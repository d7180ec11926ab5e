/** A change was not made: more tokens and channels would have limits than can be counted. */
export class LimitsFull extends Error {
  override readonly name = 'LimitsFull'

  constructor() {
    super('as many tokens and channels have limits as can be counted; take those of others off first')
  }
}
