/** `agentz agents`, with npm itself against a registry on this machine. */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, expect, test, vi } from "vitest"
import { addAdapter } from "#src/adapters"
import { agentTypes } from "#src/agent-types"
import { bench } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"
import { upstream } from "../../support/upstream.ts"

const NAME = "@agentclientprotocol/claude-agent-acp"

afterEach(() => vi.unstubAllEnvs())

/** Serves one package in one version, with a script that must not run. */
async function registry(dir: string) {
  const root = join(dir, "package")
  mkdirSync(root)
  const manifest = {
    name: NAME,
    version: "0.100.0",
    bin: { "claude-agent-acp": "index.js" },
    scripts: { postinstall: "touch ran-a-script" },
    optionalDependencies: { "not-wanted": "1.0.0" },
  }
  writeFileSync(join(root, "package.json"), JSON.stringify(manifest))
  writeFileSync(join(root, "index.js"), "")
  execFileSync("tar", ["-czf", join(dir, "package.tgz"), "-C", dir, "package"])
  const tarball = readFileSync(join(dir, "package.tgz"))
  const server = await upstream((request, response) => {
    if (request.url?.endsWith(".tgz")) return response.end(tarball)
    if (!request.url?.startsWith(`/${NAME.replace("/", "%2f")}`)) return response.writeHead(404).end()
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`
    const dist = { tarball: `http://${request.headers.host}/it.tgz`, integrity }
    const versions = { [manifest.version]: { ...manifest, dist } }
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify({ name: NAME, "dist-tags": { latest: manifest.version }, versions }))
  })
  const { origin } = new URL(server.streams().url)
  vi.stubEnv("npm_config_registry", origin)
  vi.stubEnv("npm_config_cache", join(dir, "cache"))
  return server
}

test("agents add installs the tested version into the home, runs nothing of it, and once is enough", async () => {
  await using dir = await tempDir()
  await using npm = await registry(dir.path)
  const home = join(dir.path, "home")
  const { cli } = bench(home, {}, { addAdapter })
  const first = await cli(["agents", "add", "claude", "--json"])
  expect(first.err).toContain(`Installing ${NAME} 0.100.0`)
  const path = join(home, "adapters", "claude")
  expect(JSON.parse(first.out)).toEqual({
    type: "claude",
    package: NAME,
    version: "0.100.0",
    path,
    added: true,
  })
  const installed = join(path, "node_modules", NAME)
  expect(existsSync(join(installed, "index.js"))).toBe(true)
  expect(existsSync(join(installed, "ran-a-script"))).toBe(false)
  expect(statSync(path).mode & 0o077).toBe(0)

  const asked = npm.asked.length
  const { out } = await cli(["agents", "add", "claude"])
  expect(out).toBe(`${NAME} 0.100.0 is there already, in ${path}.\n`)
  expect(npm.asked).toHaveLength(asked)
  const types = await agentTypes(home, { PATH: "/nowhere", ANTHROPIC_API_KEY: "sk" })
  expect(types.find(({ type }) => type === "claude")?.needs).toEqual([
    expect.stringContaining("Claude Code is not installed"),
  ])
})

test("without a network it says so, and leaves nothing behind", async () => {
  await using dir = await tempDir()
  vi.stubEnv("npm_config_registry", "http://127.0.0.1:9")
  vi.stubEnv("npm_config_fetch_retries", "0")
  vi.stubEnv("npm_config_cache", join(dir.path, "cache"))
  const { cli } = bench(join(dir.path, "home"), {}, { addAdapter })
  const { code, err } = await cli(["agents", "add", "codex", "--json"])
  expect(code).toBe(1)
  expect(JSON.parse(err.trim().split("\n").at(-1) ?? "").error.reason).toBe("registry_away")
  expect(existsSync(join(dir.path, "home", "adapters", "codex"))).toBe(false)
})

test("a version that the registry does not have is npm's own refusal", async () => {
  await using dir = await tempDir()
  await using _npm = await registry(dir.path)
  const { cli } = bench(join(dir.path, "home"), {}, { addAdapter })
  const { code, err } = await cli(["agents", "add", "codex"])
  expect(code).toBe(1)
  expect(err).toContain("npm ended with 1")
})

test.each([
  [["agents", "ad"], 64, "There is no `agentz agents ad`"],
  [["agents", "add"], 64, "A is missing: agentz agents add claude|codex"],
  [["agents", "add", "claud"], 64, "Did you mean claude?"],
  [["agents", "add", "opencode"], 1, "opencode needs no adapter"],
])("%j is refused with what to do", async (words, code, sentence) => {
  await using dir = await tempDir()
  const refused = await bench(join(dir.path, "home")).cli(words)
  expect(refused.code).toBe(code)
  expect(refused.err).toContain(sentence)
})

test("agents lists what there is, what it needs, and the fault in agents.json", async () => {
  await using dir = await tempDir()
  const { cli } = bench(
    dir.path,
    {},
    { agents: (home) => agentTypes(home, { PATH: "/nowhere", HOME: home }) },
  )
  const fine = await cli(["agents"])
  expect(fine.code).toBe(0)
  expect(fine.out).toMatch(/^ready {2}demo +Demo$/m)
  expect(fine.out).toMatch(/^needs {2}claude +Claude Code\n +→ Claude Code is not installed/m)
  writeFileSync(join(dir.path, "agents.json"), "{")
  const broken = await cli(["agents", "--json"])
  expect(broken.code).toBe(1)
  expect(JSON.parse(broken.out).fault).toContain("agents.json, line 1: it is not JSON")
})
