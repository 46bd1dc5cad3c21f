import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { holdControlSocket } from "#daemon/control-socket"
import { filesOf, socketOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { writeRunFile } from "#daemon/run-file"
import { livenessOf } from "#src/liveness"
import { newSessionId } from "#streams/ids"
import { tempDir } from "../support/temp-dir.ts"

test.each([
  ["of a version whose socket can be guessed", null],
  ["whose socket is made of the home's secret", "a secret"],
])("a daemon %s is found alive", async (_, secret) => {
  await using dir = await tempDir()
  mkdirSync(join(dir.path, "run"))
  const sessionId = newSessionId()
  const self = identityOf(process.pid)
  if (!self) throw new Error("The system does not tell when this process started.")
  const socket = socketOf(dir.path, sessionId, 1, secret)
  const told = { sessionId, epoch: 1, incarnation: "one", ...(secret !== null && { socket }) }
  writeRunFile(filesOf(dir.path, sessionId).run, { ...self, ...told })
  expect(await livenessOf(dir.path, sessionId)).toMatchObject({ state: "silent" })
  await using _socket = await holdControlSocket(socket, () => ({ sessionId, epoch: 1, pid: process.pid }))
  expect(await livenessOf(dir.path, sessionId)).toMatchObject({ state: "alive" })
})
