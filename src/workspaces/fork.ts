/** A new session that goes on from a moment of another one: with what was said until then, and the files as they were. */
import { knownPlace } from "#daemon/git/place"
import { bodiesOf } from "#streams/batches"
import { copyBlob } from "#streams/blob"
import { filesOfFork, forkedEvents, seqOfCheckpoint, withOwnBlobs } from "#streams/fork"
import { messageIdOf, newSessionId, type SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { activityOf, activityRowChange, type SessionRow, sessionRowChange } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { appendAs, appendTo, createStream, readToTail } from "#streams/stream"
import { pushTargetOf } from "#streams/workspace-fold"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import { grantEpoch, readInbox } from "../grant.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { checkedPrompt } from "../prompt.ts"
import { makeForkFiles } from "./fork-files.ts"
import type { Forking, ForkRequest } from "./keeping.ts"
import { withGit } from "./moments.ts"

export function forking(context: PlaneContext, reach: Reach): Forking {
  const { endpoint, folds, home, patience } = context

  async function rawOf(sessionId: SessionId): Promise<unknown[]> {
    const raw: unknown[] = []
    const name = await folds.streamOf(sessionId)
    for await (const { items } of readToTail(endpoint, name, patience)) raw.push(...items)
    return raw
  }

  return {
    fork: (request) =>
      guarded(() =>
        withGit(async () => {
          const { sessionId: from, prompt } = request
          const text = prompt === undefined ? null : checkedPrompt(prompt)
          const entry = await reach.entryOf(from)
          const { value: source } = await folds.session(from)
          const raw = await rawOf(from)
          const sessionId = newSessionId()
          const forkSeq = seqFor(source, raw, request)
          const { events, blobs } = withOwnBlobs(forkedEvents(raw, from, forkSeq), sessionId)
          const fork = foldSession(emptySession(sessionId), events)
          const place = await knownPlace(home.path, from)
          const mark = filesOfFork(source, forkSeq)
          if (place === null || mark === undefined)
            throw new Problem(
              "no_checkpoints",
              `Session ${from} has no checkpoint at that moment on this machine: fork it where it works, or later.`,
            )
          const { worktree } = entry
          const workingDir = source.workingDir ?? place.root
          const workspace = await makeForkFiles(home.path, {
            ...{ workingDir, worktree, place, fork, mark },
            push: pushTargetOf(entry),
            pushes: context.push,
          })
          const { agentType, model, permissionMode, config, limits, onLimit } = entry
          const row: SessionRow = {
            ...{ sessionId, agentType, permissionMode, ...workspace },
            ...(model !== undefined && { model }),
            ...(config !== undefined && { config }),
            ...(limits !== undefined && { limits }),
            ...(onLimit !== undefined && { onLimit }),
            title: request.title?.trim() || entry.title,
            createdAt: new Date().toISOString(),
          }
          await createStream(endpoint, paths.inbox(sessionId), patience)
          await createStream(endpoint, paths.events(sessionId), patience)
          const inbox = await readInbox(endpoint, sessionId, patience)
          const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
          if (grant === null) throw new Error(`Somebody else was granted ${sessionId}.`)
          // Before the events that name them: the other session may be pruned, and they with it.
          for (const blob of blobs) await copyBlob(endpoint, blob, patience)
          let seq = 0
          for (const body of bodiesOf(events))
            await appendAs(
              { id: sessionId, epoch: grant.epoch, seq: seq++ },
              endpoint,
              paths.events(sessionId),
              {
                ...patience,
                body,
              },
            )
          if (text !== null) {
            const messageId = await messageIdOf(sessionId, "first")
            await reach.ask(sessionId, { type: "user_message", messageId, text, mode: "queue" })
          }
          const { offset } = inbox
          const rows = [sessionRowChange(row), activityRowChange(activityOf(fork, offset))]
          await appendTo(endpoint, paths.registry, rows, patience)
          if (text !== null) reach.wake(await reach.entryOf(sessionId), { resume: false })
          return { sessionId, workingDir: workspace.workingDir }
        }),
      ),
  }
}

function seqFor(source: Session, raw: readonly unknown[], { at, seq }: ForkRequest): number {
  if (at === undefined) return seq ?? source.seq
  const found = seqOfCheckpoint(raw, at)
  if (found !== null) return found
  throw new Problem(
    "unknown_checkpoint",
    `Session ${source.sessionId} has no checkpoint ${at}: \`agentz checkpoints ${source.sessionId}\` lists them.`,
  )
}
