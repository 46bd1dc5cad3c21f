import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
} from "node:crypto"

const TOKEN_SECONDS = 3600

export type TokenCheck =
  | { readonly valid: true; readonly generation: number }
  | { readonly valid: false; readonly code: "TOKEN_INVALID" | "TOKEN_EXPIRED" }

/** Signs webhooks, and the tokens their receivers come back with. Kept in the store, so both outlive a restart. */
export class SubscriptionKeys {
  readonly #private: KeyObject
  readonly #secret: Buffer
  readonly publicJwk: Readonly<Record<string, string>>

  private constructor(pem: string, secret: Buffer) {
    this.#private = createPrivateKey(pem)
    this.#secret = secret
    const { crv, kty, x } = createPublicKey(this.#private).export({ format: "jwk" })
    const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url")
    this.publicJwk = {
      kty: "OKP",
      crv: "Ed25519",
      x: x ?? "",
      kid: `ds_${thumbprint}`,
      use: "sig",
      alg: "EdDSA",
    }
  }

  /** New keys, in the form they are stored in. */
  static generate(): Buffer {
    const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })
    return Buffer.from(JSON.stringify({ pem, secret: randomBytes(32).toString("base64") }))
  }

  static parse(stored: Buffer): SubscriptionKeys {
    const { pem, secret } = JSON.parse(stored.toString())
    return new SubscriptionKeys(pem, Buffer.from(secret, "base64"))
  }

  get keyId(): string {
    return this.publicJwk.kid ?? ""
  }

  signature(body: string, now: number): string {
    const at = Math.floor(now / 1000)
    const signed = sign(null, Buffer.from(`${at}.${body}`), this.#private).toString("base64url")
    return `t=${at},kid=${this.keyId},ed25519=${signed}`
  }

  /** A token for one generation of one subscription. */
  token(subscription: string, generation: number, now: number): string {
    const claims = {
      sub: subscription,
      generation,
      exp: Math.floor(now / 1000) + TOKEN_SECONDS,
      jti: randomHex(),
    }
    const text = Buffer.from(JSON.stringify(claims)).toString("base64url")
    return `${text}.${this.#seal(text)}`
  }

  check(token: string, subscription: string, now: number): TokenCheck {
    const [text = "", seal = ""] = token.split(".")
    const expected = Buffer.from(this.#seal(text))
    const given = Buffer.from(seal)
    const invalid = { valid: false, code: "TOKEN_INVALID" } as const
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return invalid
    const claims = JSON.parse(Buffer.from(text, "base64url").toString())
    if (claims.sub !== subscription) return invalid
    if (now / 1000 > claims.exp) return { valid: false, code: "TOKEN_EXPIRED" }
    return { valid: true, generation: claims.generation }
  }

  #seal(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url")
  }
}

const randomHex = (): string => randomBytes(8).toString("hex")

export const newWakeId = (): string => `w_${randomBytes(12).toString("hex")}`
