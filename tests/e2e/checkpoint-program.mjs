/** What a daemon does for the files of a session, once: keeps them, or puts them back. Says what happened in a file. */
import { appendFileSync, readFileSync } from "node:fs"
import { checkpointsOf } from "#daemon/checkpoints"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const [home, workingDir, sessionId, file, request] = process.argv.slice(2)
const events = readFileSync(file, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line))
let session = foldSession(emptySession(sessionId), events)

const publish = (event) => {
  const { seq } = session
  const stamped = { id: `evt_${seq + 1}`, seq: seq + 1, epoch: 1, at: new Date().toISOString(), ...event }
  session = foldSession(session, [stamped])
  appendFileSync(file, `${JSON.stringify(stamped)}\n`)
}
const checkpoints = checkpointsOf({ home, sessionId, workingDir, session: () => session, publish })
await checkpoints.perform(JSON.parse(request))
