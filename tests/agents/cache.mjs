/**
 * The programs that `npm run test:agents` needs, in exactly the versions that are tested, in a cache outside of git:
 * AGENTZ_TEST_AGENTS, or node_modules/.cache/agents. Some hundred megabytes each; installed once.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export const cache = resolve(process.env.AGENTZ_TEST_AGENTS || "node_modules/.cache/agents")

/** `slim`: without the program that it would bring along. */
export const packages = {
  claude: { name: "@anthropic-ai/claude-code", version: "2.1.328" },
  "claude-acp": { name: "@agentclientprotocol/claude-agent-acp", version: "0.100.0", slim: true },
  codex: { name: "@openai/codex", version: "0.169.0" },
  "codex-acp": { name: "@agentclientprotocol/codex-acp", version: "2.6.0", slim: true },
  opencode: { name: "opencode-ai", version: "1.18.33" },
  gemini: { name: "@google/gemini-cli", version: "0.61.0" },
}

export const bin = (key) => join(cache, key, "node_modules", ".bin")
export const fileOf = (key, file) => join(cache, key, "node_modules", packages[key].name, file)

const installed = (key) => {
  const manifest = fileOf(key, "package.json")
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : null
}

function install(key) {
  const { name, version, slim } = packages[key]
  if (installed(key) === version) return
  const dir = join(cache, key)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, "package.json"), '{ "private": true }\n')
  console.error(`Installing ${name} ${version} …`)
  const options = [
    "--prefix",
    dir,
    "--no-audit",
    "--no-fund",
    "--save-exact",
    ...(slim ? ["--omit=optional"] : []),
  ]
  const { status } = spawnSync("npm", ["install", ...options, `${name}@${version}`], {
    stdio: ["ignore", 2, 2],
  })
  if (status === 0) return
  console.error(`agentz: ${name} ${version} could not be installed.`)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const key of Object.keys(packages)) install(key)
