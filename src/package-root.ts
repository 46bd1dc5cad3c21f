/** Where this package lies, in the source tree and installed alike. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { z } from "zod"

function rootAbove(directory: string): string {
  if (existsSync(join(directory, "package.json"))) return directory
  const parent = dirname(directory)
  if (parent === directory) throw new Error("agentz is not installed whole: its package.json is missing.")
  return rootAbove(parent)
}

const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** The version of agentz. */
export const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"))).version

/** The file of a program, as the build makes it. */
export const programFile = (name: "agentz" | "daemon" | "snapshots" | "streams" | "worker"): string =>
  join(packageRoot, "dist", "programs", `${name}.js`)

/** Where the build puts the web UI. */
export const builtUi = join(packageRoot, "dist", "ui")
