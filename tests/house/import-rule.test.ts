/** The import rule sees every room, finds nothing wrong there, and bites where something is. */
import { execFile } from "node:child_process"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { z } from "zod"
import { tempDir } from "../support/temp-dir.ts"

const ROOMS = ["src", "daemon", "streams", "routes", "tests"]
const CRUISER = resolve("node_modules/dependency-cruiser/bin/dependency-cruise.mjs")

const Report = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    ruleSetUsed: z.object({ forbidden: z.array(z.object({ name: z.string() })) }),
    violations: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        rule: z.object({ name: z.string(), severity: z.string() }),
      }),
    ),
  }),
})

/** What dependency-cruiser says of the rooms in that directory, by the rule as it is here. */
async function cruise(cwd: string) {
  const options = ["--config", resolve(".dependency-cruiser.mjs"), "--no-progress", "--output-type", "json"]
  const { stdout } = await promisify(execFile)(process.execPath, [CRUISER, ...options, ...ROOMS], {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stdout?: string }) => {
    // It counts the violations in its exit code.
    if (!error.stdout) throw error
    return { stdout: error.stdout }
  })
  const { modules, summary } = Report.parse(JSON.parse(stdout))
  const violations = summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)
  const rules = summary.ruleSetUsed.forbidden.map(({ name }) => name)
  return { modules: modules.map(({ source }) => source), rules, violations }
}

test("the rule sees every room, and nobody breaks it", async () => {
  const { modules, violations } = await cruise(".")
  expect(violations).toEqual([])
  expect(modules.filter((source) => ROOMS.includes(source.split("/")[0] ?? "")).length).toBeGreaterThan(150)
  for (const room of [...ROOMS, "streams/engine"])
    expect(modules.filter((source) => source.startsWith(`${room}/`)).length, room).toBeGreaterThan(15)
  for (const door of [
    "src/cli/main.ts",
    "daemon/main.ts",
    "routes/-app/worker.ts",
    "streams/engine/server.ts",
  ])
    expect(modules).toContain(door)
})

/** A small house in which each rule of the real one is broken once, by the file in its line. */
const BROKEN: readonly (readonly [rule: string, file: string, text: string])[] = [
  ["routes-see-streams-and-types", "routes/one.ts", 'export { plane as one } from "../src/plane.ts"'],
  ["routes-not-daemon", "routes/two.ts", 'export type { Home as Two } from "../daemon/home.ts"'],
  ["src-sees-spawners-knowledge", "src/one.ts", 'export { turn as one } from "../daemon/turn.ts"'],
  ["src-not-routes", "src/two.ts", 'export { page as two } from "../routes/page.ts"'],
  ["daemon-sees-streams", "daemon/one.ts", 'export { plane as one } from "../src/plane.ts"'],
  ["streams-see-nothing", "streams/one.ts", 'export { home as one } from "../daemon/home.ts"'],
  ["streams-run-in-browsers", "streams/two.ts", 'export { readFileSync as two } from "node:fs"'],
  ["engine-behind-one-door", "src/three.ts", 'export { store as three } from "../streams/engine/store.ts"'],
  ["no-circles", "src/ring.ts", 'import { zing } from "./zing.ts"\nexport const ring = () => zing'],
  ["declared", "src/four.ts", 'export { x as four } from "a-package-that-nobody-declared"'],
  ["shipped-code-has-shipped-dependencies", "src/five.ts", 'export { clsx as five } from "clsx"'],
  ["found", "src/six.ts", 'export { x as six } from "./nowhere.ts"'],
]

/** What may be done in the same house. */
const ALLOWED: Readonly<Record<string, string>> = {
  "routes/page.ts":
    'import type { Plane } from "../src/plane.ts"\nexport { event } from "../streams/event.ts"\nexport const page = (plane: Plane) => plane',
  "src/plane.ts":
    'export { home } from "../daemon/home.ts"\nexport { serve } from "../streams/engine/server.ts"\nexport const plane = 1\nexport type Plane = number',
  "src/zing.ts": 'import { ring } from "./ring.ts"\nexport const zing = () => ring',
  "daemon/home.ts":
    'import { sep } from "node:path"\nexport { event } from "../streams/event.ts"\nexport const home = sep\nexport type Home = string',
  "daemon/turn.ts": "export const turn = 1",
  "streams/event.ts": "export const event = 1",
  "streams/engine/store.ts": 'import { sep } from "node:path"\nexport const store = sep',
  "streams/engine/server.ts": 'export { store as serve } from "./store.ts"',
  "tests/any.ts":
    'export { turn } from "../daemon/turn.ts"\nexport { store } from "../streams/engine/store.ts"',
}

test("each rule bites where it is broken, and nowhere else", async () => {
  await using house = await tempDir()
  const put = async (file: string, text: string) => {
    await mkdir(dirname(join(house.path, file)), { recursive: true })
    await writeFile(join(house.path, file), text)
  }
  for (const [file, text] of Object.entries(ALLOWED)) await put(file, text)
  for (const [, file, text] of BROKEN) await put(file, text)
  await put("package.json", JSON.stringify({ type: "module", devDependencies: { clsx: "*" } }))
  await put(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: { module: "NodeNext", allowImportingTsExtensions: true, noEmit: true },
    }),
  )
  await symlink(resolve("node_modules"), join(house.path, "node_modules"))

  const { rules, violations } = await cruise(house.path)
  expect(rules).toEqual(BROKEN.map(([rule]) => rule))
  for (const [rule, file] of BROKEN)
    expect(
      violations.filter((one) => one.startsWith(`${rule}: ${file} `)),
      rule,
    ).not.toEqual([])
  const guilty = new Set([...BROKEN.map(([, file]) => file), "src/zing.ts"])
  expect(violations.filter((one) => !guilty.has(/: (\S+) -> /.exec(one)?.[1] ?? ""))).toEqual([])
})
