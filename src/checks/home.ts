import { stat } from "node:fs/promises"
import { errorText } from "#streams/error-text"
import type { Check } from "../checks.ts"
import { type Config, ConfigError } from "../config.ts"
import { homeAt, privateDirectory } from "../home.ts"
import { readPrivate } from "../private-file.ts"

export async function checkHome(path: string): Promise<Check> {
  const name = "home"
  if ((await stat(path).catch(() => null)) === null)
    return { name, status: "ok", detail: `${path} will be made at the first start` }
  try {
    await privateDirectory(path)
    return { name, status: "ok", detail: `${path}, yours alone` }
  } catch (error) {
    return refused(name, error)
  }
}

export async function checkToken(config: Config): Promise<Check> {
  const name = "token"
  if (config.token !== null) return { name, status: "ok", detail: "from AGENTZ_TOKEN" }
  const { tokenFile } = homeAt(config.home)
  try {
    const kept = await readPrivate(tokenFile)
    return { name, status: "ok", detail: kept === null ? "will be made at the first start" : tokenFile }
  } catch (error) {
    return refused(name, error)
  }
}

/** The sentence of a refusal ends with its remedy, after a colon. */
function refused(name: string, error: unknown): Check {
  const message = errorText(error)
  const [, detail, remedy] = /^(.*?): (.*)$/.exec(message) ?? []
  if (!(error instanceof ConfigError) || detail === undefined || remedy === undefined)
    return { name, status: "fail", detail: message }
  return { name, status: "fail", detail, remedy }
}
