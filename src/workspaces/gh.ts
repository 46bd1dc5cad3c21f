/**
 * GitHub's program `gh`, as the user has it: it knows who one is there. It is started outside of any repository and told all
 * it has to know, so that it asks nobody and reads nothing of a repository that may be hostile.
 */
import { spawn } from "node:child_process"
import { isAbsolute } from "node:path"
import { REACHING } from "#daemon/git/invocation"
import { agentEnvironment } from "../config.ts"

const TIMEOUT_MS = 60_000
const MOST_BYTES = 64 * 1024

export type GhEnded =
  | { readonly how: "done"; readonly said: string }
  | { readonly how: "failed"; readonly said: string }
  | { readonly how: "missing" }

export function gh(args: readonly string[], input = ""): Promise<GhEnded> {
  const outer = agentEnvironment()
  const given = ["HOME", "LANG", "TMPDIR", ...REACHING].flatMap((name) =>
    outer[name] ? [[name, outer[name]] as const] : [],
  )
  const env = {
    ...Object.fromEntries(given),
    PATH: (outer.PATH ?? "/usr/bin:/bin").split(":").filter(isAbsolute).join(":"),
    GH_PROMPT_DISABLED: "1",
    GH_NO_UPDATE_NOTIFIER: "1",
    GH_SPINNER_DISABLED: "1",
    NO_COLOR: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CEILING_DIRECTORIES: "/",
  }
  return new Promise((resolve) => {
    const child = spawn("gh", args, { cwd: "/", env, stdio: ["pipe", "pipe", "pipe"] })
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS)
    let said = ""
    let complaint = ""
    child.stdin.on("error", () => undefined)
    child.stdin.end(input)
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < MOST_BYTES) said += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < MOST_BYTES) complaint += text
    })
    const end = (ended: GhEnded) => {
      clearTimeout(timer)
      resolve(ended)
    }
    child.once("error", () => end({ how: "missing" }))
    child.once("close", (code) =>
      end(code === 0 ? { how: "done", said } : { how: "failed", said: complaint || said }),
    )
  })
}
