/** A control plane in memory: keeps what it is told, lets a test say what happened, and folds like the real one. */

import type { OpenPlane } from "#src/open-plane"
import type { SpawnRequest } from "#src/plane"
import { Problem } from "#src/problem"
import type { SessionEvent, Unstamped } from "#streams/event"
import type { FileChange } from "#streams/file-change"
import { MessageId, newSessionId, type SessionId, UploadId } from "#streams/ids"
import type { RegistryEntry } from "#streams/registry"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { changedLimits } from "#streams/session-limits"
import { searchItems } from "./search-items.ts"

export interface FakePlane extends OpenPlane {
  /** Every call that could change something, in order. */
  readonly calls: { readonly name: string; readonly input: unknown }[]
  /** Adds a session that has said nothing yet. */
  session(title?: string, id?: SessionId): SessionId
  /** The daemon of a session says something. */
  say(sessionId: SessionId, ...events: Unstamped[]): void
  /** Called at each spawn, so that a test can make the session speak. */
  onSpawn: (sessionId: SessionId, request: SpawnRequest) => void
  onCancel: (sessionId: SessionId) => void
  onApprove: (sessionId: SessionId, request: { requestId: string; decision: string }) => void
  /** How many followers there are. */
  readonly followers: () => number
  disposed: boolean
}

interface Kept {
  readonly entry: RegistryEntry
  readonly events: SessionEvent[]
}

/** Tests of workflows use the real thing: here nothing of it may be asked for. */
const noWorkflows = new Proxy({} as OpenPlane["workflows"], {
  get(_, name) {
    throw new Error(`This plane knows no workflows, and was asked for ${String(name)}.`)
  },
})
const CHANGES: readonly FileChange[] = [
  { path: "a.txt", status: "modified", added: 1, removed: 1 },
  { path: "b.bin", status: "added", added: null, removed: null },
]
const PATCH = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"

const COMMIT = "0123456789abcdef0123456789abcdef01234567"

const CREATED = "2026-01-01T00:00:00.000Z"

export function fakePlane(): FakePlane {
  const sessions = new Map<string, Kept>()
  const waiting = new Set<() => void>()
  let following = 0

  const kept = (sessionId: string): Kept => {
    const found = sessions.get(sessionId)
    if (found === undefined)
      throw new Problem("unknown_session", `There is no session ${sessionId}: \`agentz ls\` shows all.`)
    return found
  }
  const fold = (sessionId: SessionId): Session => foldSession(emptySession(sessionId), kept(sessionId).events)
  const offsetOf = (count: number) => String(count).padStart(8, "0")
  const note = (name: string, input: unknown) => plane.calls.push({ name, input })

  const plane: FakePlane = {
    calls: [],
    workflows: noWorkflows,
    onSpawn: () => undefined,
    onCancel: () => undefined,
    onApprove: () => undefined,
    disposed: false,
    followers: () => following,
    session(title = "A session", id = newSessionId()) {
      sessions.set(id, {
        entry: {
          sessionId: id,
          agentType: "demo",
          workingDir: "/",
          title,
          permissionMode: "ask",
          createdAt: CREATED,
          status: "starting",
          activity: null,
        },
        events: [],
      })
      return id
    },
    say(sessionId, ...events) {
      const { events: log } = kept(sessionId)
      for (const event of events) {
        const seq = log.length
        log.push({ id: `evt_${seq}`, seq, epoch: 1, at: CREATED, ...event } as SessionEvent)
      }
      for (const wake of [...waiting]) wake()
    },
    async spawn(request) {
      note("spawn", request)
      if (request.agentType === "nobody")
        throw new Problem("unknown_agent", "There is no agent nobody: `agentz doctor` lists them.")
      const sessionId = plane.session(request.title ?? request.prompt)
      plane.onSpawn(sessionId, request)
      return { sessionId }
    },
    async sendMessage(request) {
      kept(request.sessionId)
      note("sendMessage", request)
      return { messageId: MessageId.parse("msg_fake") }
    },
    async cancel(sessionId) {
      kept(sessionId)
      note("cancel", sessionId)
      plane.onCancel(sessionId)
      return { sessionId, status: fold(sessionId).status }
    },
    async approve({ sessionId, requestId, decision, ...more }) {
      kept(sessionId)
      note("approve", { sessionId, requestId, decision, ...more })
      if (requestId === "req_settled")
        throw new Problem("request_settled", "req_settled was answered already: allow.")
      plane.onApprove(sessionId, { requestId, decision })
      return { requestId, decision }
    },
    async withdraw({ sessionId, messageId }) {
      kept(sessionId)
      note("withdraw", { sessionId, messageId })
      return { messageId, withdrawn: true }
    },
    async attach({ data }) {
      note("attach", data.length)
      return { uploadId: UploadId.parse("upl_fake"), bytes: data.length }
    },
    async rules() {
      return { rules: [] }
    },
    async revokeRule(ruleId) {
      note("revokeRule", ruleId)
      return { ruleId, revoked: true }
    },
    async setMode({ sessionId, mode }) {
      kept(sessionId)
      note("setMode", { sessionId, mode })
      return { sessionId, mode, ...(mode === "bypass" && { warning: "Nothing is asked any more." }) }
    },
    async setConfigOption(request) {
      kept(request.sessionId)
      note("setConfigOption", request)
      return request
    },
    async setLimits({ sessionId, limits }) {
      kept(sessionId)
      note("setLimits", { sessionId, limits })
      return { sessionId, limits: changedLimits({}, limits) }
    },
    async resume(sessionId) {
      kept(sessionId)
      note("resume", sessionId)
      return { sessionId, epoch: 2 }
    },
    async getSession({ sessionId, tail = 200, before }) {
      const { entry, events } = kept(sessionId)
      const { items, ...session } = fold(sessionId)
      const older = before === undefined ? items : items.filter(({ seq }) => seq < before)
      const page = tail === 0 ? [] : older.slice(-tail)
      return {
        session: { ...session, title: entry.title },
        items: page,
        offset: offsetOf(events.length),
        hasMore: page.length < older.length,
      }
    },
    async listSessions({ status, limit = 100, cursor }) {
      const all = [...sessions.values()]
        .map(({ entry }) => ({ ...entry, status: fold(entry.sessionId).status }))
        .filter((entry) => status === undefined || entry.status === status)
      const from = Number(cursor ?? 0)
      const page = all.slice(from, from + limit)
      const next = from + limit < all.length ? { cursor: String(from + limit) } : {}
      return { sessions: page, offset: "0", ...next }
    },
    async search(request) {
      const all = [...sessions.values()].map(({ entry: { sessionId, title } }) => ({
        ...{ sessionId, title, items: fold(sessionId).items },
      }))
      return searchItems(all, request)
    },
    async files({ where, query }) {
      if ("sessionId" in where) kept(where.sessionId)
      return { files: ["README.md", "src/main.ts"].filter((path) => path.includes(query)), complete: true }
    },
    async *follow({ sessionId, offset, signal }) {
      const { events } = kept(sessionId)
      let at = Number(offset ?? 0)
      following++
      try {
        while (!signal.aborted) {
          const event = events[at]
          if (event !== undefined) {
            at++
            yield { event, offset: offsetOf(at) }
            continue
          }
          await new Promise<void>((resolve) => {
            const wake = () => {
              waiting.delete(wake)
              signal.removeEventListener("abort", wake)
              resolve()
            }
            waiting.add(wake)
            signal.addEventListener("abort", wake)
          })
        }
      } finally {
        following--
      }
    },
    async checkpoints(sessionId) {
      return { checkpoints: fold(sessionId).checkpoints }
    },
    async checkpoint(request) {
      kept(request.sessionId)
      note("checkpoint", request)
      return { n: 1, commit: "c0ffee", tree: "7ree" }
    },
    async changes({ from = "base", to = "now" }) {
      return { from, to, files: CHANGES }
    },
    async diff({ from = "base", to = "now" }) {
      return { from, to, files: CHANGES, patch: PATCH, truncated: false }
    },
    async restore({ sessionId, n, dryRun = false }) {
      kept(sessionId)
      if (!dryRun) note("restore", { sessionId, n })
      return { n, dryRun, files: CHANGES, inTheWay: [], untouched: [] }
    },
    async fork(request) {
      kept(request.sessionId)
      note("fork", request)
      return { sessionId: plane.session("A fork"), workingDir: "/forks/one" }
    },
    async repositoryConfig(workingDir) {
      const setup = workingDir.endsWith("trusted") ? [] : ["npm ci"]
      const file = `${workingDir}/.agentz/config.yaml`
      return {
        root: workingDir,
        file,
        copy: [],
        teardown: [],
        setup,
        minutes: 10,
        remote: "origin",
        push: false,
        hash: "a".repeat(64),
        allowed: setup.length === 0,
      }
    },
    async allowCommands(request) {
      note("allowCommands", request)
      return { root: request.workingDir, hash: request.hash, allowed: true }
    },
    async commit(request) {
      kept(request.sessionId)
      note("commit", request)
      return { commit: COMMIT, branch: "agentz/one" }
    },
    async mergePreview({ sessionId, into = "main", how = "merge" }) {
      kept(sessionId)
      const commits = [{ commit: COMMIT, subject: "Work" }]
      const found = { branch: "agentz/one", into, how, uncommitted: [], commits, files: CHANGES }
      return { ...found, conflicts: [], refused: null, request: null }
    },
    async merge(request) {
      kept(request.sessionId)
      note("merge", request)
      return { into: request.into ?? "main", commit: COMMIT, files: CHANGES }
    },
    async push(request) {
      kept(request.sessionId)
      note("push", request)
      const url = "https://example.com/a/b.git"
      return { remote: request.remote ?? "origin", url, branch: "agentz/one", commit: COMMIT, uncommitted: 0 }
    },
    async pullRequest({ sessionId, dryRun = false, base = null, title = "Work", body = "", draft = false }) {
      kept(sessionId)
      if (!dryRun) note("pullRequest", { sessionId, base, title, body, draft })
      const told = { dryRun, repository: "example.com/a/b", head: "agentz/one", base, title, body, draft }
      return { ...told, url: dryRun ? null : "https://example.com/a/b/pull/1", refused: null }
    },
    async recover(request) {
      note("recover", request)
      return { dryRun: request.dryRun === true, sessions: [] }
    },
    recovery: () => ({ total: 0, recovered: 0, lost: 0, waiting: 0 }),
    async patch(sessionId) {
      kept(sessionId)
      return { patch: PATCH, encoding: "utf8" }
    },
    async rename({ sessionId, title }) {
      kept(sessionId)
      note("rename", { sessionId, title })
      return { sessionId, title }
    },
    async pruneWorktrees({ dryRun }) {
      note("pruneWorktrees", { dryRun })
      return { dryRun, removed: [], kept: [] }
    },
    async archive(sessionId) {
      kept(sessionId)
      note("archive", sessionId)
      return { sessionId, archivedAt: CREATED }
    },
    async unarchive(sessionId) {
      kept(sessionId)
      note("unarchive", sessionId)
      return { sessionId }
    },
    sizes: async (ids) => ids.map((sessionId) => ({ sessionId, streamBytes: 2_000_000, fileBytes: 1_000 })),
    async prune(request) {
      note("prune", request)
      const pruned = [...sessions.values()].map(({ entry: { sessionId, title, createdAt } }) => ({
        sessionId,
        title,
        updatedAt: createdAt,
        streamBytes: 2_000_000,
        fileBytes: 1_000,
      }))
      return { dryRun: request.dryRun, pruned, kept: [] }
    },
    storage: async () => ({ trouble: null, behind: [] }),
    async agentTypes() {
      return [
        {
          type: "demo",
          title: "Demo",
          description: "A demo",
          found: true,
          version: null,
          needs: [],
          defaultModel: null,
        },
      ]
    },
    streams: () => ({ url: "http://127.0.0.1:9/v1/stream", token: "streams-token", pid: 4242 }),
    async [Symbol.asyncDispose]() {
      plane.disposed = true
    },
  }
  return plane
}
