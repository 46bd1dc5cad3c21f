/** The secrets that open the control plane and the stream server. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { Config } from "./config.ts"
import { ConfigError } from "./config.ts"
import type { Home } from "./home.ts"
import { createPrivate, readPrivate } from "./private-file.ts"

/** The token of the environment, else the home's own, generated at the first start and never overwritten. */
export const openToken = (config: Config, home: Home): Promise<string> =>
  config.token === null ? keptSecret(home.tokenFile) : Promise.resolve(config.token)

/** The token of the embedded stream server. */
export const openStreamsToken = (config: Config, home: Home): Promise<string> =>
  config.streamsToken === null ? keptSecret(home.streamsTokenFile) : Promise.resolve(config.streamsToken)

/** The secret in that file; 256 random bits are put there first when it is missing. Racers agree on one. */
export async function keptSecret(path: string): Promise<string> {
  const known = await readPrivate(path)
  if (known === null) await createPrivate(path, `${randomBytes(32).toString("base64url")}\n`)
  const secret = (known ?? (await readPrivate(path)) ?? "").trim()
  if (secret.length < 16)
    throw new ConfigError(
      "invalid_config",
      `${path} holds no usable token: remove it, and the next start makes a new one.`,
    )
  return secret
}

/** Compares in constant time, whatever the lengths. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
