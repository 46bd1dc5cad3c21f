/** What a control plane believes of a daemon that comes while it looks. */
import { mkdirSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { holdControlSocket } from "#daemon/control-socket"
import { filesOf, socketOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { writeRunFile } from "#daemon/run-file"
import { daemonsOf } from "#src/daemons"
import { foldsOf } from "#src/folds"
import { grantEpoch, readInbox } from "#src/grant"
import { homeAt } from "#src/home"
import type { PlaneContext } from "#src/plane-context"
import { newMessageId, newSessionId, newTurnId } from "#streams/ids"
import { paths } from "#streams/paths"
import { openPublisher } from "#streams/publisher"
import { createStream } from "#streams/stream"
import { memorySpool } from "../../support/memory-spool.ts"
import { createSession, streamServer } from "../../support/stream-server.ts"
import { tempDir } from "../../support/temp-dir.ts"

test("a daemon that comes and begins its turn while its session is read is not taken for dead", async () => {
  await using dir = await tempDir()
  await using server = await streamServer()
  const { endpoint } = server
  const sessionId = newSessionId()
  await createSession(endpoint, sessionId)
  await createStream(endpoint, paths.registry)
  const inbox = await readInbox(endpoint, sessionId)
  const grant = await grantEpoch(endpoint, sessionId, { inbox, purpose: "daemon" })
  if (grant === null) throw new Error("Nobody else claims it.")
  const self = identityOf(process.pid)
  if (self === null) throw new Error("The system does not tell when this process started.")

  let socketHeld: AsyncDisposable | null = null
  await using _come = { [Symbol.asyncDispose]: async () => void (await socketHeld?.[Symbol.asyncDispose]()) }
  /** As a real one does it: the socket and the run file first, then the first word. */
  async function daemonComes(): Promise<void> {
    const socket = socketOf(dir.path, sessionId, 1, "a secret")
    socketHeld = await holdControlSocket(socket, () => ({ sessionId, epoch: 1, pid: process.pid }))
    writeRunFile(filesOf(dir.path, sessionId).run, { ...self, sessionId, ...grant, socket })
    using publisher = await openPublisher({
      ...{ endpoint, sessionId, epoch: 1, spool: memorySpool() },
      first: () => [
        {
          type: "session_started",
          agentType: "demo",
          workingDir: "/",
          permissionMode: "ask",
          version: "0",
          host: hostname(),
          incarnation: "i",
          ...(self ?? never()),
        },
      ],
      onFatal: never,
    })
    const messageId = newMessageId()
    publisher.publish({ type: "user_message", messageId, text: "work" })
    publisher.publish({ type: "turn_started", turnId: newTurnId(), messageId, cause: "user" })
    await publisher.flushed()
  }

  mkdirSync(join(dir.path, "run"))
  const folds = foldsOf(endpoint, {})
  let comes: Promise<void> | null = null
  const context = {
    endpoint,
    home: homeAt(dir.path),
    log: () => undefined,
    patience: {},
    folds: {
      ...folds,
      async session(id: typeof sessionId) {
        comes ??= daemonComes()
        await comes
        return await folds.session(id)
      },
    },
  } as unknown as PlaneContext
  const entry = {
    ...{ sessionId, agentType: "demo", workingDir: "/", title: "t", permissionMode: "ask" as const },
    ...{ createdAt: new Date().toISOString(), status: "starting" as const, activity: null },
  }
  const daemons = daemonsOf(context)
  await daemons.reconcile(entry)
  await daemons.settled()
  expect(comes).not.toBeNull()
  expect((await readInbox(endpoint, sessionId)).epoch).toBe(1)
  expect((await folds.session(sessionId)).value).toMatchObject({ status: "running", epoch: 1 })
})

const never = (): never => {
  throw new Error("This does not happen.")
}
