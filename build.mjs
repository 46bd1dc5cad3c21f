#!/usr/bin/env node
/**
 * Builds `dist`: the programs and the library to plain JavaScript, the UI to static files. Does nothing when `dist` is
 * newer than everything it is made of, so that a start is quick; `--force` builds all the same.
 *
 * The new build is made beside the old one and put in its place in one step: daemons that run from the old one
 * may still be loading files of it.
 */
import { spawnSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(fileURLToPath(import.meta.url))
const dist = join(root, "dist")
const stamp = join(dist, ".built")
const next = join(root, ".cache", `dist-${process.pid}`)
const SOURCES = [
  "src",
  "daemon",
  "streams",
  "routes",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "rolldown.config.mjs",
  "vite.config.ts",
  "build.mjs",
]

const newest = (path) =>
  !existsSync(path)
    ? 0
    : statSync(path).isDirectory()
      ? readdirSync(path).reduce(
          (time, name) => Math.max(time, newest(join(path, name))),
          statSync(path).mtimeMs,
        )
      : statSync(path).mtimeMs

const fresh =
  existsSync(stamp) && newest(stamp) > Math.max(...SOURCES.map((name) => newest(join(root, name))))
if (fresh && !process.argv.includes("--force")) process.exit(0)

function fail(name) {
  rmSync(next, { recursive: true, force: true })
  console.error(`agentz: the build failed (${name}). If packages are missing, run \`npm install\` first.`)
  process.exit(1)
}

function tool(name, file, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", name, file), ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  })
  if (status !== 0) fail(name)
}

async function programs() {
  try {
    const [{ build }, { default: config }] = await Promise.all([
      import("rolldown"),
      import("./rolldown.config.mjs"),
    ])
    await build({
      ...config,
      cwd: root,
      write: true,
      output: { ...config.output, dir: join(next, "programs") },
    })
  } catch (error) {
    console.error(error)
    fail("rolldown")
  }
}

console.error("Building agentz …")
const started = Date.now()
mkdirSync(next, { recursive: true })
tool("typescript", "bin/tsc", "-p", "tsconfig.build.json", "--outDir", next)
await programs()
tool("vite", "bin/vite.js", "build", "--logLevel", "warn", "--outDir", join(next, "ui"), "--emptyOutDir")
writeFileSync(join(next, ".built"), `${new Date().toISOString()}\n`)
keepParts(join(dist, "programs"), join(next, "programs"))
const old = join(root, ".cache", `dist-old-${process.pid}`)
if (existsSync(dist)) renameSync(dist, old)
renameSync(next, dist)
rmSync(old, { recursive: true, force: true })
console.error(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`)

/** What runs from an older build may still load a part of it, by the name that only this part has. */
function keepParts(from, to) {
  if (!existsSync(from)) return
  const lately = Date.now() - 30 * 24 * 3600_000
  for (const name of readdirSync(from)) {
    const part = join(from, name)
    if (existsSync(join(to, name)) || statSync(part).mtimeMs < lately) continue
    cpSync(part, join(to, name), { preserveTimestamps: true })
  }
}
