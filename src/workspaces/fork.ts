/** A new session that goes on from a moment of another one: with what was said until then, and the files as they were. */
import { existsSync } from "node:fs"
import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { takeRefs } from "#daemon/git/checkpoint"
import { knownPlace, objectsOf, type Place, placeOf } from "#daemon/git/place"
import { planRestore, restore } from "#daemon/git/restore"
import { snapshot } from "#daemon/git/snapshot"
import { filesOfFork, forkedEvents, seqOfCheckpoint } from "#streams/fork"
import { messageIdOf, newSessionId, type SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import {
  activityOf,
  activityRowChange,
  type SessionRow,
  sessionRowChange,
  type Worktree,
} from "#streams/registry"
import { type CheckpointMark, emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { appendAs, appendTo, bodiesOf, createStream, readToTail } from "#streams/stream"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import { grantEpoch, readInbox } from "../grant.ts"
import { privateDirectory } from "../home.ts"
import { Problem } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { checkedPrompt } from "../prompt.ts"
import type { Forking, ForkRequest } from "./keeping.ts"
import { withGit } from "./moments.ts"
import { makeWorkspace, type Workspace, worktreeAt, worktreesDir } from "./workspace.ts"

export function forking(context: PlaneContext, reach: Reach): Forking {
  const { endpoint, folds, home, patience } = context

  async function rawOf(sessionId: SessionId): Promise<unknown[]> {
    const raw: unknown[] = []
    const name = await folds.streamOf(sessionId)
    for await (const { items } of readToTail(endpoint, name, patience)) raw.push(...items)
    return raw
  }

  /** Where the fork works: a work tree, or a directory, with the files of that moment. */
  async function filesFor(
    source: Session,
    place: Place,
    fork: Session,
    { mark, setup }: { readonly mark: CheckpointMark; readonly setup: boolean },
  ): Promise<Workspace> {
    const { sessionId, workingDir } = { ...fork, workingDir: source.workingDir ?? place.root }
    const workspace =
      place.repository === null || !mark.head
        ? await makeDirectory(home.path, sessionId, place.root)
        : await makeWorkspace(home.path, sessionId, {
            directory: workingDir,
            request: { kind: "worktree", base: mark.head, setup },
            pushes: context.push,
          })
    const into = await placeOf(home.path, sessionId, workspace.workingDir)
    if ("why" in into) throw new Problem("checkpoint_failed", into.why)
    await takeObjects(place, into)
    await takeRefs(into, fork.checkpoints)
    await using now = await snapshot(into)
    await restore(into, now, await planRestore(into, now, mark.tree))
    return workspace
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
          const events = forkedEvents(raw, from, forkSeq)
          const fork = foldSession(emptySession(sessionId), events)
          const place = await knownPlace(home.path, from)
          const mark = filesOfFork(source, forkSeq)
          if (place === null || mark === undefined)
            throw new Problem(
              "no_checkpoints",
              `Session ${from} has no checkpoint at that moment on this machine: fork it where it works, or later.`,
            )
          const workspace = pushedAs(
            entry,
            await filesFor(source, place, fork, { mark, setup: ranCommands(entry.worktree) }),
          )
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

/** What was allowed for the other session holds for what goes on from it. */
const pushedAs = ({ worktree: of }: Pick<SessionRow, "worktree">, workspace: Workspace): Workspace =>
  workspace.worktree && of?.push
    ? { ...workspace, worktree: { ...workspace.worktree, push: of.push } }
    : workspace
/** Whether the repository's commands were wanted in it. */
const ranCommands = (worktree: Worktree | undefined): boolean =>
  worktree?.setUp !== undefined || worktree?.tearDown !== undefined

function seqFor(source: Session, raw: readonly unknown[], { at, seq }: ForkRequest): number {
  if (at === undefined) return seq ?? source.seq
  const found = seqOfCheckpoint(raw, at)
  if (found !== null) return found
  throw new Problem(
    "unknown_checkpoint",
    `Session ${source.sessionId} has no checkpoint ${at}: \`agentz checkpoints ${source.sessionId}\` lists them.`,
  )
}

async function makeDirectory(home: string, sessionId: SessionId, root: string): Promise<Workspace> {
  const workingDir = worktreeAt(home, root, sessionId)
  await privateDirectory(worktreesDir(home))
  await mkdir(workingDir, { recursive: true, mode: 0o700 })
  return { workingDir }
}

/** Where two sessions do not share a repository, one gets what the other has. */
async function takeObjects(from: Place, into: Place): Promise<void> {
  const [source, target] = [objectsOf(from), objectsOf(into)]
  if (source === target || !existsSync(source)) return
  await cp(source, join(target), { recursive: true, force: false })
}
