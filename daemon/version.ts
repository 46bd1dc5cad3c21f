import { readFileSync } from "node:fs"

/** Of agentz, as its package says it; the built file and the source lie at different depths. */
export const version: string = versionIn("../package.json") ?? versionIn("../../package.json") ?? "0.0.0"

function versionIn(path: string): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))
    return name === "agentz" ? version : null
  } catch {
    return null
  }
}
