import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { whyHomeIsSeen } from "#daemon/process/hidden-home"
import type { Check } from "../checks.ts"
import type { Config } from "../config.ts"

/** Whether what agents start can read the token by which their questions are answered. Tried on a directory beside. */
export function checkHiding({ hideHome }: Pick<Config, "hideHome">): Check {
  const name = "home hidden from agents"
  if (!hideHome)
    return { name, status: "warn", detail: "no: AGENTZ_HIDE_HOME is 0", remedy: "unset AGENTZ_HIDE_HOME" }
  const probe = mkdtempSync(join(tmpdir(), "agentz-doctor-"))
  try {
    const why = whyHomeIsSeen(probe)
    if (why === null) return { name, status: "ok", detail: "yes: their commands see an empty directory" }
    const remedy = "docs/security.md tells what that means and what can be done"
    return { name, status: "warn", detail: `no: ${why}`, remedy }
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
