/**
 * Adapters of agents, installed into the home when a person asks for it: the exact version that was tested, without
 * the vendor's program that it would bring along, since the user has that program with its login.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { type AgentProfile, adapterDir } from "#daemon/agents/catalogue"
import { agentEnvironment } from "./config.ts"

export interface Added {
  readonly type: string
  readonly package: string
  readonly version: string
  readonly path: string
  /** `false`: it was there already. */
  readonly added: boolean
}

/** It could not be installed. */
export class AdapterError extends Error {
  override readonly name = "AdapterError"
  readonly reason: "npm_missing" | "npm_failed" | "registry_away"
  constructor(reason: AdapterError["reason"], message: string) {
    super(message)
    this.reason = reason
  }
}

export type Wanted = Pick<AgentProfile, "type"> & { readonly adapter: NonNullable<AgentProfile["adapter"]> }

/** Installs beside the old one and puts the new one in its place in one step. */
export async function addAdapter(
  { type, adapter }: Wanted,
  home: string,
  tell: (line: string) => void,
): Promise<Added> {
  const path = adapterDir(home, type)
  const { package: name, version } = adapter
  const there = { type, package: name, version, path, added: false }
  if ((await installed(path, name)) === version) return there

  const next = join(dirname(path), `.${type}-${process.pid}`)
  await mkdir(next, { recursive: true, mode: 0o700 })
  try {
    await writeFile(join(next, "package.json"), '{ "private": true }\n')
    tell(`Installing ${name} ${version} …`)
    await npm(["install", "--prefix", next, ...OPTIONS, `${name}@${version}`], tell)
    if ((await installed(next, name)) !== version)
      throw new AdapterError("npm_failed", `npm ended well, but ${name} ${version} is not there: try again.`)
    await rm(path, { recursive: true, force: true })
    await rename(next, path)
  } finally {
    await rm(next, { recursive: true, force: true })
  }
  return { ...there, added: true }
}

/** The vendor's program is an optional dependency; and nothing that is installed gets to run by that. */
const OPTIONS = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"]

async function installed(dir: string, name: string): Promise<string | null> {
  try {
    const manifest = await readFile(join(dir, "node_modules", name, "package.json"), "utf8")
    return (JSON.parse(manifest) as { version: string }).version
  } catch {
    return null
  }
}

/** npm as it came with this Node, or as it is on the PATH. */
function npm(args: readonly string[], tell: (line: string) => void): Promise<void> {
  const beside = join(dirname(process.execPath), "npm")
  return new Promise((resolve, reject) => {
    const child = spawn(existsSync(beside) ? beside : "npm", args, {
      cwd: "/",
      env: agentEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => tell(text.trim()))
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
    child.once("error", () =>
      reject(new AdapterError("npm_missing", "There is no npm here: install it, it comes with Node.js.")),
    )
    child.once("close", (code) => (code === 0 ? resolve() : reject(failureOf(said, code))))
  })
}

function failureOf(said: string, code: number | null): AdapterError {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ECONNRESET/.test(said))
    return new AdapterError(
      "registry_away",
      "npm cannot reach its registry: check the network and npm's settings (`npm config get registry`), then try again.",
    )
  const reason =
    /^npm (?:error|ERR!) (?!code|A complete log)(.+)$/m.exec(said)?.[1] ?? said.trim().split("\n")[0]
  return new AdapterError("npm_failed", `npm ended with ${code}: ${reason ?? "it does not say why"}.`)
}
