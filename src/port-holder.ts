/** Who listens on a port: asked politely first, then looked up where the system tells. */
import { readdir, readFile, readlink } from "node:fs/promises"
import { request } from "node:http"
import { connect } from "node:net"
import { z } from "zod"

export type PortHolder =
  | { readonly kind: "agentz"; readonly pid: number; readonly version: string }
  | { readonly kind: "other"; readonly program: string | null; readonly pid: number | null }

/** Where something that listens on `host` can be called: a listener on all addresses answers at this machine's own. */
export const callable = (host: string): string =>
  host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host

/** Who holds the port, or `null` when it is free. Takes two seconds at most. */
export async function portHolder(host: string, port: number): Promise<PortHolder | null> {
  if (!(await answers(callable(host), port))) return null
  const health = await agentzAt(callable(host), port)
  return health === null
    ? { kind: "other", ...(await programOn(port)) }
    : { kind: "agentz", pid: health.pid, version: health.version }
}

/** One sentence about who is in the way and how to get past it. `variable` sets the port. */
export function takenSentence(port: number, holder: PortHolder | null, variable: string): string {
  const remedy = `set ${variable} to another port (0 takes any free one)`
  if (holder?.kind === "agentz")
    return `Port ${port} is held by another agentz (pid ${holder.pid}, version ${holder.version}) with its own AGENTZ_HOME: stop it with \`agentz down\` there, or ${remedy}.`
  const who =
    holder?.program == null ? "another program" : `${holder.program} (pid ${holder.pid ?? "unknown"})`
  return `Port ${port} is held by ${who}: end it, or ${remedy}.`
}

const answers = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    const settle = (taken: boolean) => () => {
      socket.destroy()
      resolve(taken)
    }
    socket.once("connect", settle(true))
    socket.once("timeout", settle(true))
    socket.once("error", settle(false))
  })

const Health = z.object({ name: z.literal("agentz"), pid: z.number(), version: z.string() })

/** What agentz there says of itself; `null` when it is none or does not answer within a second. */
const agentzAt = (host: string, port: number): Promise<z.infer<typeof Health> | null> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(1000)
    const call = request({ host, port, path: "/healthz", agent: false, signal }, async (answer) => {
      try {
        let text = ""
        for await (const chunk of answer) {
          text += String(chunk)
          if (text.length > 4096) break
        }
        resolve(Health.safeParse(JSON.parse(text)).data ?? null)
      } catch {
        resolve(null)
      }
    })
    call.once("error", () => resolve(null))
    call.end()
  })

/** The program that listens on the port, where `/proc` shows it to us: our own processes only. */
async function programOn(port: number): Promise<{ program: string | null; pid: number | null }> {
  const inodes = await listeningInodes(port)
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of inodes.size === 0 ? [] : pids) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const handle of handles) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "")
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined && inodes.has(inode)) {
        const program = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim()
        return { program: program || null, pid: Number(pid) }
      }
    }
  }
  return { program: null, pid: null }
}

/** Socket numbers in state 0A, listening, on that port. */
async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  )
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  const rows = tables.flatMap((table) => table.split("\n").slice(1)).map((row) => row.trim().split(/\s+/))
  return new Set(rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === "0A").map((row) => row[9] ?? ""))
}
