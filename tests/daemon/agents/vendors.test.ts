/** Claude Code, Codex and OpenCode as far as they can be known without running them. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { adapterDir, catalogue } from "#daemon/agents/catalogue"
import { isAtLeast } from "#daemon/agents/vendors/version"
import { tempDir } from "../../support/temp-dir.ts"

/** A machine with those programs on its PATH, and these adapters installed into the home. */
async function machine(programs: Record<string, string>, adapters: Record<string, string> = {}) {
  const dir = await tempDir()
  for (const [name, version] of Object.entries(programs))
    writeFileSync(
      join(dir.path, name),
      `#!/bin/sh\necho "$@" >> ${join(dir.path, `${name}.asked`)}\necho ${version}\n`,
      { mode: 0o755 },
    )
  for (const name of ["run", "session"]) mkdirSync(join(dir.path, name))
  for (const [type, version] of Object.entries(adapters)) {
    const adapter = catalogue[type]?.adapter
    if (!adapter) throw new Error(`${type} has no adapter`)
    const root = join(adapterDir(dir.path, type), "node_modules", adapter.package)
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, "index.js"), "")
    const bin = { [adapter.bin]: "index.js" }
    writeFileSync(join(root, "package.json"), JSON.stringify({ name: adapter.package, version, bin }))
  }
  const env = { PATH: `${dir.path}:/usr/bin:/bin`, HOME: dir.path }
  return {
    path: dir.path,
    preflight: (type: string, more: Record<string, string> = {}) =>
      catalogue[type]?.preflight({ ...env, ...more }, dir.path),
    launch: (type: string, given: Record<string, string>, model?: string) =>
      catalogue[type]?.launch?.({
        env: given,
        home: dir.path,
        model,
        sessionId: "ses_test",
        sessionDir: join(dir.path, "session"),
        path: env.PATH,
        userHome: dir.path,
      }),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}

const KEY = { ANTHROPIC_API_KEY: "sk-ant-secret" }
const ADAPTERS = { claude: "0.100.0", codex: "2.6.0" }

test("a machine with nothing on it is told what to install, one line each", async () => {
  await using here = await machine({})
  expect(await here.preflight("claude")).toEqual({
    found: false,
    version: null,
    needs: [
      "Claude Code is not installed: `npm install -g @anthropic-ai/claude-code`, or set CLAUDE_CODE_EXECUTABLE to its path.",
      "The adapter for Claude Code is not installed: `agentz agents add claude`.",
    ],
  })
  expect((await here.preflight("opencode"))?.needs).toEqual([
    "OpenCode is not installed: `npm install -g opencode-ai`, or set AGENTZ_OPENCODE to its path.",
  ])
})

test("a program that is too old, an adapter that is too old and a missing key are told", async () => {
  await using here = await machine(
    { claude: "2.0.1", codex: "0.169.0" },
    { claude: "0.49.0", codex: "2.6.0" },
  )
  expect((await here.preflight("claude", KEY))?.needs).toEqual([
    "Claude Code 2.0.1 is too old, 2.1.197 or newer is needed: `npm install -g @anthropic-ai/claude-code@latest`.",
    "The adapter for Claude Code is version 0.49.0, and 0.100.0 is needed: `agentz agents add claude`.",
  ])
  expect(await here.preflight("codex")).toEqual({
    found: true,
    version: "0.169.0",
    needs: ["Sign in to Codex once with `codex login`, or set CODEX_API_KEY to a key that is valid."],
  })
})

test("a variable that leads nowhere is told by its name", async () => {
  await using here = await machine({}, ADAPTERS)
  const needs = (await here.preflight("claude", { ...KEY, CLAUDE_CODE_EXECUTABLE: "/nowhere/claude" }))?.needs
  expect(needs?.[0]).toContain('CLAUDE_CODE_EXECUTABLE is "/nowhere/claude", which is no program')
  const other = (await here.preflight("codex", { CODEX_API_KEY: "k", AGENTZ_CODEX_ACP: "relative.js" }))
    ?.needs
  expect(other?.[1]).toContain('AGENTZ_CODEX_ACP is "relative.js", which is no program')
})

test.each([
  ["claude", ".claude/.credentials.json", "{}"],
  ["claude", ".claude.json", '{"oauthAccount":{}}'],
  ["codex", ".codex/auth.json", "{}"],
  ["codex", ".codex/config.toml", 'model_provider = "mine"\n'],
  ["opencode", ".local/share/opencode/auth.json", "{}"],
])("a login counts as well as a key: %s with %s", async (type, file, text) => {
  await using here = await machine({ claude: "2.1.328", codex: "0.169.0", opencode: "1.18.33" }, ADAPTERS)
  expect((await here.preflight(type))?.needs).toHaveLength(1)
  mkdirSync(join(here.path, file, ".."), { recursive: true })
  writeFileSync(join(here.path, file), text)
  expect(await here.preflight(type)).toMatchObject({ found: true, needs: [] })
})

test("a version is asked for once, until the program is another one", async () => {
  await using here = await machine({ opencode: "1.18.33" })
  const asked = () => readFileSync(join(here.path, "opencode.asked"), "utf8").split("\n").length - 1
  for (let look = 0; look < 3; look++)
    expect(await here.preflight("opencode", KEY)).toMatchObject({ version: "1.18.33", needs: [] })
  expect(asked()).toBe(1)
  writeFileSync(join(here.path, "opencode"), "#!/bin/sh\necho 1.17.0\n", { mode: 0o755 })
  expect((await here.preflight("opencode", KEY))?.needs[0]).toContain("OpenCode 1.17.0 is too old")
})

test("Claude Code is started through its adapter with few retries and no look-ups", async () => {
  await using here = await machine({ claude: "2.1.328" }, ADAPTERS)
  const launch = await here.launch("claude", { ...KEY, IS_SANDBOX: "yes", PATH: "no" }, "opus")
  expect(launch).toMatchObject({
    command: process.execPath,
    args: [
      join(adapterDir(here.path, "claude"), "node_modules/@agentclientprotocol/claude-agent-acp/index.js"),
    ],
    version: "2.1.328",
  })
  expect(launch?.env).toEqual({
    ...KEY,
    CLAUDE_CODE_EXECUTABLE: join(here.path, "claude"),
    CLAUDE_AGENT_ACP_PROTOCOL: "v1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_MAX_RETRIES: "4",
    NO_BROWSER: "1",
    ANTHROPIC_MODEL: "opus",
  })
})

test("Codex asks a person, and is quiet without a change to the user's own configuration", async () => {
  await using here = await machine({ codex: "0.169.0" }, ADAPTERS)
  const launch = await here.launch("codex", { CODEX_API_KEY: "sk-codex-secret" }, "gpt")
  expect(launch?.env).toMatchObject({ INITIAL_AGENT_MODE: "workspace-write", NO_BROWSER: "1" })
  expect(JSON.parse(launch?.env.CODEX_CONFIG ?? "")).toEqual({ model: "gpt" })
  expect(JSON.parse(launch?.env.DEFAULT_AUTH_REQUEST ?? "")).toEqual({ methodId: "api-key" })
  const quiet = launch?.env.CODEX_PATH ?? ""
  expect(statSync(quiet).mode & 0o777).toBe(0o700)
  expect(readFileSync(quiet, "utf8")).not.toContain("sk-codex-secret")
  execFileSync(quiet, ["app-server", "it's $HOME"])
  expect(readFileSync(join(here.path, "codex.asked"), "utf8")).toBe(
    '--version\n-c features.plugins=false -c features.apps=false -c analytics.enabled=false -c check_for_update_on_startup=false -c cli_auth_credentials_store="ephemeral" app-server it\'s $HOME\n',
  )
  expect(existsSync(join(here.path, ".codex"))).toBe(false)
})

test("a key does not stand in for a login that is there", async () => {
  await using here = await machine({ codex: "0.169.0" }, ADAPTERS)
  mkdirSync(join(here.path, ".codex"))
  writeFileSync(join(here.path, ".codex/auth.json"), "{}")
  const launch = await here.launch("codex", { OPENAI_API_KEY: "sk-openai-secret" })
  expect(launch?.env.DEFAULT_AUTH_REQUEST).toBeUndefined()
  expect(readFileSync(launch?.env.CODEX_PATH ?? "", "utf8")).not.toContain("ephemeral")
})

test("OpenCode asks before it changes anything, whatever its configuration says, behind a new password", async () => {
  await using here = await machine({ opencode: "1.18.33" })
  const given = {
    permission: "allow",
    agent: { mine: { permission: { bash: "allow" } } },
    provider: { a: {} },
  }
  const env = { ...KEY, OPENCODE_CONFIG_CONTENT: JSON.stringify(given) }
  const [one, two] = await Promise.all([here.launch("opencode", env, "a/b"), here.launch("opencode", env)])
  const config = JSON.parse(one?.env.OPENCODE_CONFIG_CONTENT ?? "")
  const ask = { edit: "ask", bash: "ask", webfetch: "ask", external_directory: "ask" }
  expect(config).toMatchObject({ autoupdate: false, share: "disabled", permission: ask, model: "a/b" })
  expect(config.agent).toMatchObject({ build: { permission: ask }, mine: { permission: ask } })
  expect(JSON.parse(one?.env.OPENCODE_PERMISSION ?? "")).toEqual(ask)
  expect(one?.env).toMatchObject({
    OPENCODE_DB: join(here.path, "session", "opencode.db"),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
  })
  const password = one?.env.OPENCODE_SERVER_PASSWORD ?? ""
  expect(password).toMatch(/^[\w-]{32}$/)
  expect(password).not.toBe(two?.env.OPENCODE_SERVER_PASSWORD)
  expect(one?.args).toEqual(["acp"])
})

test.each([
  ["2.1.328", "2.1.197", true],
  ["2.1.197", "2.1.197", true],
  ["2.1.99", "2.1.197", false],
  ["1.99.0", "2.0.0", false],
  ["0.166.0-alpha.2", "0.166.0", true],
])("%s is at least %s: %s", (version, floor, is) => {
  expect(isAtLeast(version, floor)).toBe(is)
})
