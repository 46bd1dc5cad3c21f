import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"

const start = promisify(execFile)

/** Without an input: what waits for one would wait for ever. */
function run(...args: [string, string[], { env: NodeJS.ProcessEnv; cwd?: string }]) {
  const running = start(...args)
  running.child.stdin?.end()
  return running
}

/** How this machine reaches its registry: without it npm tries again and again, for minutes. */
const reach = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /^(npm_config_registry|npm_config_cafile|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY)$/i.test(
      name,
    ),
  ),
)

test("the packed package runs in an empty folder without any build tool", async () => {
  await using dir = await tempDir()
  const env = {
    ...reach,
    PATH: process.env.PATH ?? "",
    HOME: dir.path,
    npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? "", ".npm"),
  }
  const { stdout } = await run(
    "npm",
    ["pack", "--ignore-scripts", "--silent", "--pack-destination", dir.path],
    { env },
  )
  const app = join(dir.path, "app")
  mkdirSync(app)
  writeFileSync(join(app, "package.json"), "{}")
  await run(
    "npm",
    ["install", "--omit=dev", "--no-audit", "--no-fund", "--prefix", app, join(dir.path, stdout.trim())],
    { env, cwd: app },
  )
  const own = { ...env, AGENTZ_HOME: join(dir.path, "home"), AGENTZ_PORT: "0", AGENTZ_STREAMS_PORT: "0" }
  const agentz = (...args: string[]) =>
    run(join(app, "node_modules", ".bin", "agentz"), args, { env: own, cwd: app })
  try {
    const { stdout: said } = await agentz(
      "run",
      '[[write path=packed.txt content=x]] [[say text="From the package."]]',
      "--mode",
      "bypass",
    )
    expect(said).toContain("From the package.")
    const { stdout: page } = await agentz("doctor", "--json")
    expect(page).toContain("web UI")
  } finally {
    await agentz("down", "--all")
  }
  // It installs from the registry, which may take its time.
}, 240_000)
