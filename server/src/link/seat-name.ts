const MAX_SESSION_CHARS = 256

/** What a conversation is called among the seats: sessions of different tokens never meet, whatever they call themselves. */
export function sessionName(tokenId: number, session: string): string {
  return `${tokenId}:${session.slice(-MAX_SESSION_CHARS)}`
}

/** 64 bits; equal names of different sessions are out of the question, equal hashes send one to a warm seat of another. */
export function seatHash(name: string): bigint {
  return BigInt(Bun.hash.wyhash(name))
}
