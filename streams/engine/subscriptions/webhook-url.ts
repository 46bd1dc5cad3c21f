import { isIP } from "node:net"

const PRIVATE_V4 =
  /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/

/** Why a webhook may not go there, or `null`. Plain HTTP stays on this machine, HTTPS off private networks. */
export function webhookUrlFault(text: string): string | null {
  if (!URL.canParse(text)) return "webhook.url must be a valid URL"
  const { protocol, hostname } = new URL(text)
  const host = hostname.toLowerCase()
  if (protocol === "http:")
    return LOOPBACK.test(host) ? null : "webhook.url over http must be on localhost or 127.x"
  if (protocol !== "https:") return "webhook.url must use https"
  if (host === "localhost" || PRIVATE_V4.test(`${host}.`))
    return "webhook.url must not be on a private network"
  if (host.startsWith("[") || isIP(host) === 6) return "webhook.url must not name an IPv6 address"
  return null
}
