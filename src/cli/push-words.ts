/** How the work of a session stands at its remote, in a few words; `null`: nothing is to be told of it. */
import type { Session } from "#streams/session"
import { unpushedIn } from "#streams/workspace-fold"

export function pushWords(session: Pick<Session, "workspace" | "checkpoints">): string | null {
  const { push, lost } = session.workspace
  if (lost !== null) return `what it works in is gone: ${lost.message}`
  if (push === null) return null
  const { checkpoint, of } = unpushedIn(session) ?? { checkpoint: 0, of: 0 }
  const { trouble, branch, remote, url } = push
  const kept = checkpoint > 0 && `checkpoint ${checkpoint}${checkpoint < of ? ` of ${of}` : ""}`
  const what = [branch && `${branch.name} at ${branch.commit.slice(0, 8)}`, kept].filter(Boolean).join(", ")
  const there = push.at === null ? `nothing is at ${remote} yet` : `${what} at ${url ?? remote}`
  return trouble === null ? there : `${there} · ${trouble.error.message}${nextWords(trouble.dueAt)}`
}

const nextWords = (dueAt: string | null): string =>
  dueAt === null ? " (tried again with the next checkpoint)" : ` (tried again at ${dueAt.slice(11, 19)} UTC)`
