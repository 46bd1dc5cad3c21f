/**
 * What a session is launched with that may be secret, and that the next daemon needs again: kept in the session's own
 * folder, 0600, and in no stream.
 */
import { readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { z } from "zod"
import { filesOf } from "#daemon/home"
import { McpServer } from "#daemon/mcp-server"
import type { SessionId } from "#streams/ids"
import { writePrivate } from "./private-file.ts"

const LaunchProfile = z.object({
  mcpServers: z.array(McpServer),
  /** With which its agent starts sessions. The address is that of the API of the moment. */
  childrenToken: z.string().optional(),
})
type LaunchProfile = z.infer<typeof LaunchProfile>

export async function saveLaunchProfile(
  home: string,
  sessionId: SessionId,
  profile: LaunchProfile,
): Promise<void> {
  const files = filesOf(home, sessionId)
  await mkdir(files.dir, { recursive: true, mode: 0o700 })
  await writePrivate(files.profile, JSON.stringify(profile))
}

/** `null` where there is none: nothing was given, or it was given on another machine. */
export function launchProfileOf(home: string, sessionId: SessionId): LaunchProfile | null {
  try {
    return LaunchProfile.parse(JSON.parse(readFileSync(filesOf(home, sessionId).profile, "utf8")))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null
    throw error
  }
}
