/** Where processes listen, as the system tells it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

const LISTEN = "0A"

interface Listener {
  readonly address: string
  readonly port: number
}

/** TCP sockets of these processes that take connections. */
export function listenersOf(pids: readonly number[]): Listener[] {
  const inodes = new Set(pids.flatMap(socketsOf))
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
    readFileSync(table, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/)
        const [host = "", port = ""] = (fields[1] ?? "").split(":")
        const listens = fields[3] === LISTEN && inodes.has(fields[9] ?? "")
        return listens ? [{ address: addressOf(host), port: Number.parseInt(port, 16) }] : []
      }),
  )
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? []
      return inode === undefined ? [] : [inode]
    } catch {
      return [] // Closed meanwhile.
    }
  })
}

const addressOf = (hex: string): string =>
  hex.length === 8 ? [...Buffer.from(hex, "hex")].reverse().join(".") : hex
