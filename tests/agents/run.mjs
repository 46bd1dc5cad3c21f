/**
 * Puts every agent through the suite, one after another, and writes the table of docs/agents.md. With names of files
 * (`npm run test:agents -- claude`) only those; the rows of the others stay as they were.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { cache } from "./cache.mjs"
import { writeTable } from "./table.mjs"

const results = join(cache, "results")
mkdirSync(results, { recursive: true })
const run = (file, ...args) =>
  spawnSync(process.execPath, [file, ...args], {
    stdio: "inherit",
    env: { ...process.env, AGENTZ_TEST_AGENTS: cache, AGENTZ_TEST_MATRIX: results },
  })
const only = process.argv.slice(2).map((name) => `tests/agents/${name}`)
const installed = run("tests/agents/cache.mjs")
if (installed.status !== 0) process.exit(installed.status ?? 1)
const { status } = run("node_modules/vitest/vitest.mjs", "run", "--project", "agents", ...only)
writeTable(results)
process.exit(status ?? 1)
