/** Where a session keeps its files on this machine. All of it is 0700 and 0600; none of it is the truth. */
import { createHash } from "node:crypto"
import { join } from "node:path"

export const filesOf = (home: string, sessionId: string) => {
  const dir = join(home, "sessions", sessionId)
  return {
    dir,
    log: join(dir, "daemon.log"),
    /** What its directories held when it began. */
    disk: join(dir, "disk.json"),
    agentLog: join(dir, "agent.log"),
    /** What an agent's own process keeps of this conversation. */
    agent: join(dir, "agent"),
    spool: join(dir, "spool.ndjson"),
    spec: (incarnation: string) => join(dir, `spec-${incarnation}.json`),
    /** What it is launched with and may be secret. */
    profile: join(dir, "profile.json"),
    /** That its agent may start sessions of its own. */
    children: join(dir, "children.json"),
    run: join(home, "run", `${sessionId}.json`),
  }
}

/** Where `agentz agents add` puts adapters. */
export const adaptersDir = (home: string): string => join(home, "adapters")

export const streamsRunFileOf = (home: string): string => join(home, "run", "streams.json")

/**
 * The daemon's control socket: the lock that keeps a second daemon of the same epoch out, and the proof of life.
 * Abstract on Linux, so that nothing is left behind and nothing has to be cleaned up; it tells only who it is.
 * Any user may hold an abstract name, so it is made of the home's `secret`, which nobody else can know beforehand.
 */
export function socketOf(home: string, sessionId: string, epoch: number, secret: string | null): string {
  const parts = [home, sessionId, epoch, ...(secret === null ? [] : [secret])]
  const name = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32)
  return process.platform === "linux" ? `\0agentz-${name}` : join(home, "run", `${name}.sock`)
}

/** Where the daemon of that run file answers. Those of versions without a secret do not say so. */
export const socketIn = (
  home: string,
  run: { readonly sessionId: string; readonly epoch: number; readonly socket?: string | undefined },
): string => run.socket ?? socketOf(home, run.sessionId, run.epoch, null)

/** Whether the socket is a file, which outlives a daemon that was killed. */
export const isSocketFile = (socket: string): boolean => !socket.startsWith("\0")
