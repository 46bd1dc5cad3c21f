import { AgentFailed } from "../agent-failed.ts"
import type { AgentOptions } from "./adapter.ts"
import { confinementOf } from "./tools/confinement.ts"
import type { Workplace } from "./tools/tool.ts"

/** Looked at anew for each prompt: a directory may be gone by then. */
export async function workplaceOf(options: AgentOptions): Promise<Workplace> {
  const { workingDir, offLimits, toolEnv, enclosure, notes } = options
  try {
    return { files: await confinementOf(workingDir, offLimits), toolEnv, enclosure, notes }
  } catch (error) {
    const failure = {
      code: "working_dir_missing",
      message: `The working directory ${workingDir} cannot be opened.`,
      hint: "Put it back, or start a session in another directory.",
    }
    throw new AgentFailed(failure, { cause: error })
  }
}
