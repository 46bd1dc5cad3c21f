#!/usr/bin/env node
/**
 * Builds `dist`: server and daemon to plain JavaScript, the UI to static files. Does nothing when `dist` is newer
 * than everything it is made of, so that a start is quick; `--force` builds all the same.
 *
 * The new build is made beside the old one and put in its place in one step: daemons that run from the old one
 * may still be loading files of it.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
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

const tool = (name, file, ...args) => {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", name, file), ...args], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  })
  if (status === 0) return
  rmSync(next, { recursive: true, force: true })
  console.error(`agentz: the build failed (${name}). If packages are missing, run \`npm install\` first.`)
  process.exit(1)
}

console.error("Building agentz …")
const started = Date.now()
mkdirSync(next, { recursive: true })
tool("typescript", "bin/tsc", "-p", "tsconfig.build.json", "--outDir", next)
tool("vite", "bin/vite.js", "build", "--logLevel", "warn", "--outDir", join(next, "ui"), "--emptyOutDir")
writeFileSync(join(next, ".built"), `${new Date().toISOString()}\n`)
const old = join(root, ".cache", `dist-old-${process.pid}`)
if (existsSync(dist)) renameSync(dist, old)
renameSync(next, dist)
rmSync(old, { recursive: true, force: true })
console.error(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
