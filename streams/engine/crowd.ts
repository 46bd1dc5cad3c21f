import { readFileSync } from "node:fs"
import type { Server } from "node:http"
import type { Socket } from "node:net"

/** Descriptors kept for the store, the process itself and what it sends out. */
const KEPT_FOR_US = 64
/** Connections beyond the usual number, in which a health check is answered and others are told to come back. */
const ROOM_AT_THE_DOOR = 32
const FEWEST = 8
/** How long a connection beyond the usual number may take to say what it wants. */
const PATIENCE_MS = 1_000
const LIMIT_IS_FRESH_MS = 1_000

/**
 * Keeps the process below its limit of open files, so that it never fails to accept a connection: beyond a
 * number of connections new ones are served a short answer only, and the oldest of those make room for newer.
 * Those that are inside stay.
 */
export class Crowd {
  readonly #inside = new Set<Socket>()
  readonly #atTheDoor = new Set<Socket>()
  #limit = { files: Number.POSITIVE_INFINITY, readAt: Number.NEGATIVE_INFINITY }

  constructor(server: Server) {
    server.on("connection", (socket) => this.#enter(socket))
  }

  /** Whether a request came in on a connection for which there is no room. */
  isBeyond(socket: Socket): boolean {
    return this.#atTheDoor.has(socket)
  }

  #enter(socket: Socket): void {
    const room = this.#room()
    if (this.#inside.size < room) {
      this.#inside.add(socket)
      socket.once("close", () => this.#inside.delete(socket))
      return
    }
    for (const oldest of this.#atTheDoor) {
      if (this.#atTheDoor.size < ROOM_AT_THE_DOOR) break
      this.#atTheDoor.delete(oldest)
      oldest.destroy()
    }
    this.#atTheDoor.add(socket)
    const enough = setTimeout(() => socket.destroy(), PATIENCE_MS)
    socket.once("close", () => {
      clearTimeout(enough)
      this.#atTheDoor.delete(socket)
    })
  }

  #room(): number {
    const now = performance.now()
    // The limit of a running process can be changed from outside.
    if (now - this.#limit.readAt > LIMIT_IS_FRESH_MS)
      this.#limit = { files: openFiles() ?? this.#limit.files, readAt: now }
    return Math.max(FEWEST, this.#limit.files - KEPT_FOR_US - ROOM_AT_THE_DOOR)
  }
}

/** How many files this process may have open; `null` when that cannot be told just now. */
function openFiles(): number | null {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8")
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return null
  }
}
