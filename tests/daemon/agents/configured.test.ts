import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { catalogue, cataloguedAgents } from "#daemon/agents/catalogue"
import type { LaunchOptions } from "#daemon/agents/process/launch"
import { tempDir } from "../../support/temp-dir.ts"

const program = (dir: string, name: string, version = "1.4.2") => {
  const file = join(dir, name)
  writeFileSync(file, `#!/bin/sh\necho "${name} ${version}"\n`, { mode: 0o755 })
  return file
}

async function home(text: string) {
  const dir = await tempDir()
  writeFileSync(join(dir.path, "agents.json"), text)
  const options = (more: Partial<LaunchOptions> = {}): LaunchOptions => ({
    env: {},
    home: dir.path,
    model: undefined,
    sessionId: "ses_test",
    sessionDir: dir.path,
    path: dir.path,
    userHome: dir.path,
    ...more,
  })
  return { path: dir.path, options, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() }
}

test("an entry makes an agent, and says how it is started", async () => {
  await using dir = await home(
    JSON.stringify({
      agents: {
        gem: {
          title: "Gem",
          command: "gem-cli",
          args: ["--acp"],
          env: ["GEM_URL"],
          needs: ["GEM_KEY"],
          set: { GEM_TELEMETRY: "0", GEM_TOKEN: "fixed-token" },
          model: { args: ["--model", "{model}"] },
          minVersion: "1.4.0",
        },
      },
    }),
  )
  const file = program(dir.path, "gem-cli")
  const { profiles, fault } = cataloguedAgents(dir.path)
  expect(fault).toBeNull()
  expect(Object.keys(profiles)).toEqual([...Object.keys(catalogue), "gem"])
  const { gem } = profiles
  expect(gem).toMatchObject({ type: "gem", title: "Gem" })
  expect(gem?.env).toEqual(expect.arrayContaining(["GEM_URL", "GEM_KEY", "HTTPS_PROXY"]))
  const env = { GEM_URL: "http://gem", GEM_KEY: "gem-secret-1", OTHER: "other" }
  expect(await gem?.preflight({ ...env, PATH: dir.path }, dir.path)).toMatchObject({
    found: true,
    version: "1.4.2",
    needs: [],
  })
  expect(await gem?.launch?.(dir.options({ env, model: "big" }))).toEqual({
    command: file,
    args: ["--acp", "--model", "big"],
    env: { GEM_URL: "http://gem", GEM_KEY: "gem-secret-1", GEM_TELEMETRY: "0", GEM_TOKEN: "fixed-token" },
    version: "1.4.2",
    signIn: "Check the key or login of Gem.",
  })
})

test.each([
  [{ option: "model" }, { modelOption: "model" }],
  [{ variable: "GEM_MODEL" }, { env: { GEM_MODEL: "big" } }],
])("its model is told by %o", async (model, told) => {
  await using dir = await home(JSON.stringify({ agents: { gem: { command: "gem-cli", model } } }))
  program(dir.path, "gem-cli")
  const launch = cataloguedAgents(dir.path).profiles.gem?.launch
  expect(await launch?.(dir.options({ model: "big" }))).toMatchObject(told)
})

test("what is missing is named with its remedy, and stops the start", async () => {
  await using dir = await home('{"agents":{"gem":{"command":"gem-cli","needs":["GEM_KEY"]}}}')
  const { gem } = cataloguedAgents(dir.path).profiles
  const needs = [
    'There is no program gem-cli: install it, or correct "command" of gem in agents.json.',
    "Set GEM_KEY: agents.json says that gem needs it.",
  ]
  expect(await gem?.preflight({ PATH: dir.path }, dir.path)).toMatchObject({ found: false, needs })
  await expect(gem?.launch?.(dir.options())).rejects.toMatchObject({
    failure: { code: "agent_not_ready", hint: needs.join(" ") },
  })
})

test("a program in the working directory, or at a relative PATH, is never the one", async () => {
  await using dir = await home('{"agents":{"gem":{"command":"gem-cli"},"here":{"command":"./gem-cli"}}}')
  program(dir.path, "gem-cli")
  const { gem, here } = cataloguedAgents(dir.path).profiles
  expect(await gem?.preflight({ PATH: ".:node_modules/.bin:" }, dir.path)).toMatchObject({ found: false })
  expect(await here?.preflight({ PATH: dir.path }, dir.path)).toMatchObject({ found: false })
})

test("a version that is too old is told, and one that is no answer as well", async () => {
  await using dir = await home(
    '{"agents":{"old":{"command":"old","minVersion":"1.10.0"},"odd":{"command":"odd","minVersion":"1.0.0"}}}',
  )
  program(dir.path, "old", "1.9.9")
  program(dir.path, "odd", "of no number")
  const { old, odd } = cataloguedAgents(dir.path).profiles
  const needsOf = async (profile: typeof old) =>
    (await profile?.preflight({ PATH: dir.path }, dir.path))?.needs
  expect(await needsOf(old)).toEqual([
    "old is version 1.9.9, and agents.json says that old needs 1.10.0: install a newer one.",
  ])
  expect(await needsOf(odd)).toEqual([expect.stringContaining("does not tell its version")])
})

test("an entry with the name of a known agent hands it more variables", async () => {
  await using dir = await home(
    '{"agents":{"opencode":{"env":["ACME_KEY"],"set":{"ACME_URL":"http://acme"}}}}',
  )
  program(dir.path, "opencode", "1.18.33")
  const { opencode } = cataloguedAgents(dir.path).profiles
  expect(opencode?.env).toContain("ACME_KEY")
  const env = { ACME_KEY: "acme-secret", ANTHROPIC_API_KEY: "sk-ant" }
  const launch = await opencode?.launch?.(dir.options({ env }))
  expect(launch).toMatchObject({ args: ["acp"], env: { ...env, ACME_URL: "http://acme" } })
})

test.each([
  ['{\n  "agents": {\n    "gem": { "command": "g", }\n  }\n}', "line 3: it is not JSON"],
  ["{", "line 1: it is not JSON"],
  ['{\n  "agent": {}\n}', "line 1: agents: "],
  ['{\n  "agents": {\n    "Gem": { "command": "g" }\n  }\n}', "line 3: agents.Gem:"],
  ['{\n  "agents": {\n    "gem": {\n      "cmd": "g"\n    }\n  }\n}', "line 3: agents.gem.command:"],
  [
    '{\n  "agents": {\n    "gem": {\n      "command": "g",\n      "args": "x"\n    }\n  }\n}',
    "line 5: agents.gem.args: expected array",
  ],
  [
    '{\n  "agents": {\n    "gem": {\n      "command": "g",\n      "colour": "x"\n    }\n  }\n}',
    'line 5: agents.gem: there is no field "colour" here',
  ],
  [
    '{\n  "agents": {\n    "claude": {\n      "command": "mine"\n    }\n  }\n}',
    'line 4: agents.claude: there is no field "command" here',
  ],
])("a fault is told with its line, and the known agents stay: %s", async (text, told) => {
  await using dir = await home(text)
  const { fault, profiles } = cataloguedAgents(dir.path)
  expect(fault).toContain(`agents.json, ${told}`)
  expect(Object.keys(profiles)).toEqual(Object.keys(catalogue))
})
