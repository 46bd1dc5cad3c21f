/** Where a program is, looked up as a shell does it, so that one that is missing is told before anything starts. */
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, isAbsolute, join, resolve } from "node:path"

/** `null` when there is none that may be run. */
export function findProgram(
  name: string,
  { path = "", cwd = "/" }: { readonly path?: string | undefined; readonly cwd?: string } = {},
): string | null {
  const places = name.includes("/")
    ? [isAbsolute(name) ? name : resolve(cwd, name)]
    : path.split(delimiter).map((dir) => join(resolve(cwd, dir), name))
  return places.find(canRun) ?? null
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
