/** Secrets of tokens, of which only a hash is kept. 256 random bits need no salt and no slow hash. */
import { createHash, randomBytes } from "node:crypto"
import { sameSecret } from "../token.ts"

export function newSecret(): { readonly secret: string; readonly secretHash: string } {
  const secret = randomBytes(32).toString("base64url")
  return { secret, secretHash: hashOf(secret) }
}

export const isSecret = (given: string, secretHash: string): boolean => sameSecret(hashOf(given), secretHash)

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url")
