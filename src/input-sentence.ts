import type { z } from "zod"

/** What is wrong with an input, in words: `The input is not usable: sessionId must look like ses_….` */
export function inputSentence({ issues }: z.ZodError): string {
  const faults = issues.slice(0, 3).map(({ path, message }) => {
    const where = path.map(String).join(".")
    return where === "" ? message : `${where}: ${message}`
  })
  const rest = issues.length > 3 ? ` (and ${issues.length - 3} more)` : ""
  return `The input is not usable: ${faults.join("; ")}${rest}.`
}
