/** What a session at rest, or one that waits, means for its step. */
import type { Session } from "#streams/session"
import type { StepUsage } from "#streams/workflow/event"
import { outputOf } from "#streams/workflow/output"
import type { PlaneContext } from "../../plane-context.ts"
import { fitsOutput, textOfBlob } from "../outputs.ts"
import type { Finding } from "./attempt.ts"
import type { SessionAttempt, SessionBody } from "./session-step.ts"
import type { Standing } from "./standing.ts"

export async function findingOf(
  { endpoint, patience }: Pick<PlaneContext, "endpoint" | "patience">,
  { body, usedBefore }: Pick<SessionAttempt, "body" | "usedBefore">,
  { standing, session }: { readonly standing: Standing; readonly session: Session },
): Promise<Finding> {
  const usage = usageOf(session, usedBefore)
  switch (standing.type) {
    case "working":
      return { type: "going" }
    case "waiting":
    case "lost":
      return standing
    case "failed":
      return { ...standing, usage }
    case "ended": {
      const text = standing.whole ? await textOfBlob(endpoint, standing.whole.blob, patience) : standing.text
      const { workingDir } = session
      const end = endOf(body, { text, exitCode: standing.exitCode, workingDir })
      // What has a hole in its middle is not what the step gave.
      const hasHole = standing.whole?.leftOut !== undefined
      return { ...(hasHole && end.type === "ended" ? tooLarge(end) : end), usage }
    }
  }
}

function endOf(
  body: SessionBody,
  {
    text,
    exitCode,
    workingDir,
  }: { readonly text: string; readonly exitCode: number | null; readonly workingDir: string | null },
): Extract<Finding, { type: "failed" | "ended" }> {
  const exit = body.kind === "command" ? { exitCode } : {}
  if (body.kind === "command" && !isAccepted(body.accept, exitCode))
    return { type: "failed", ...exit, error: exitFailure(exitCode, text) }
  // As the shell does it: the last line break belongs to the printing.
  const printed = body.kind === "command" ? text.replace(/\n+$/, "") : text
  const read = outputOf(printed, body.output)
  if ("error" in read) return { type: "failed", ...exit, error: read.error }
  if (!fitsOutput(read.output)) return tooLarge(exit)
  return { type: "ended", ...exit, output: read.output, ...(workingDir !== null && { workingDir }) }
}

const tooLarge = ({ exitCode }: { readonly exitCode?: number | null }) =>
  ({
    type: "failed",
    ...(exitCode !== undefined && { exitCode }),
    error: {
      code: "output_too_large",
      class: "validation",
      message: "The output of the step has more than 16 MiB: write it into a file and give the file's name.",
    },
  }) as const

type Accept = Extract<SessionBody, { kind: "command" }>["accept"]

const isAccepted = (accept: Accept, exitCode: number | null): boolean =>
  exitCode !== null && (accept === "any" || (accept ?? [0]).includes(exitCode))

function exitFailure(exitCode: number | null, text: string) {
  const [last = ""] = text.trimEnd().split("\n").slice(-1)
  const said = last.trim() === "" ? "" : ` Its last words: ${last.trim().slice(0, 500)}`
  const how = exitCode === null ? "was ended by a signal" : `ended with exit code ${exitCode}`
  // What a shell says of a program that it does not find, or may not run.
  const kind = exitCode === 127 ? "missing_cli" : exitCode === 126 ? "forbidden" : "transient"
  return { code: "command_failed", class: kind, message: `The command ${how}.${said}` } as const
}

function usageOf({ usage }: Session, before: StepUsage): StepUsage {
  const costUsd = usage.costUsd === null ? undefined : Math.max(0, usage.costUsd - (before.costUsd ?? 0))
  return {
    inputTokens: Math.max(0, usage.inputTokens - before.inputTokens),
    outputTokens: Math.max(0, usage.outputTokens - before.outputTokens),
    ...(costUsd !== undefined && { costUsd }),
  }
}
