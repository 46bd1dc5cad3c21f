import { errorText } from "#streams/error-text"
import type { SessionId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import type { ControlPlane } from "../../plane.ts"
import { confirmed } from "../ask.ts"
import { defineCommand } from "../command.ts"
import type { Io } from "../io.ts"
import { usage } from "../refusal.ts"
import { cropped, oneLine, table } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const resume = defineCommand({
  name: "resume",
  summary: "takes up a session that was interrupted, or all of them",
  positionals: ["[ID]"],
  flags: {
    all: {
      type: "boolean",
      help: "every session that was interrupted, after a crash of the machine for example",
    },
    yes: { type: "boolean", short: "y", help: "with --all: do not ask" },
  },
  json: "print {sessionId, epoch}; with --all {interrupted: [{sessionId, title}], resumed: [{sessionId, epoch?, error?}]}",
  more: "A session goes on with the agent, model, directory and permission mode that it was started with.",
  async run({ values, positionals: [id], json, io, deps }) {
    if ((id === undefined) !== (values.all === true)) throw usage("Give the ID of a session, or --all.")
    return await withPlane(deps, async (plane) => {
      if (id === undefined) return await resumeAll(plane, { yes: values.yes === true, json, io })
      const resumed = await plane.resume(await whichSession(plane, id))
      io.stdout.write(
        json
          ? `${JSON.stringify(resumed)}\n`
          : `${resumed.sessionId} goes on (epoch ${resumed.epoch}). Follow it: agentz tail ${resumed.sessionId}\n`,
      )
      return 0
    })
  },
})

async function resumeAll(
  plane: ControlPlane,
  { yes, json, io }: { readonly yes: boolean; readonly json: boolean; readonly io: Io },
): Promise<number> {
  const interrupted = await interruptedOf(plane)
  if (!json) io.stdout.write(interrupted.length === 0 ? "No session was interrupted.\n" : sheet(interrupted))
  const go = interrupted.length > 0 && (yes || (!json && (await agreed(io, interrupted.length))))
  const resumed = go ? await Promise.all(interrupted.map(({ sessionId }) => resumeOne(plane, sessionId))) : []
  if (json)
    io.stdout.write(
      `${JSON.stringify({ interrupted: interrupted.map(({ sessionId, title }) => ({ sessionId, title })), resumed })}\n`,
    )
  else
    for (const { sessionId, error, epoch } of resumed)
      io.stdout.write(
        error === undefined
          ? `${sessionId} goes on (epoch ${epoch}).\n`
          : `${sessionId} does not: ${error}\n`,
      )
  return resumed.every(({ error }) => error === undefined) ? 0 : 1
}

/** Where nobody can be asked it is a listing, which changes nothing. */
async function agreed(io: Io, count: number): Promise<boolean> {
  if (io.stdin.isTTY === true) return confirmed(io, `Resume ${count === 1 ? "it" : `these ${count}`}?`)
  io.stdout.write("`agentz resume --all --yes` resumes them.\n")
  return false
}

async function interruptedOf(plane: ControlPlane): Promise<RegistryEntry[]> {
  const found: RegistryEntry[] = []
  let cursor: string | undefined
  do {
    const page = await plane.listSessions({ status: "interrupted", limit: 1000, cursor })
    found.push(...page.sessions)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** One that cannot go on keeps no other from it. */
async function resumeOne(
  plane: ControlPlane,
  sessionId: SessionId,
): Promise<{ readonly sessionId: SessionId; readonly epoch?: number; readonly error?: string }> {
  try {
    return await plane.resume(sessionId)
  } catch (error) {
    return { sessionId, error: errorText(error) }
  }
}

const sheet = (sessions: readonly RegistryEntry[]): string =>
  table(
    [
      ["ID", "AGENT", "DIRECTORY", "TITLE"],
      ...sessions.map(({ sessionId, agentType, workingDir, title }) => [
        sessionId,
        agentType,
        oneLine(workingDir),
        cropped(oneLine(title), 40),
      ]),
    ],
    200,
  )
