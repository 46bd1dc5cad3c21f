// Tries to hold a session's control socket whenever it is told to, and says whether it did. It keeps what it holds.
import { holdControlSocket } from "#daemon/control-socket"
import { socketOf } from "#daemon/home"

const [home, sessionId] = process.argv.slice(2)
process.on("message", async (round) => {
  const who = { sessionId, epoch: 1, pid: process.pid }
  const held = await holdControlSocket(socketOf(home, sessionId, 1, "secret"), () => who).then(
    () => true,
    (error) => {
      if (error.code !== "EADDRINUSE") throw error
      return false
    },
  )
  process.send({ round, held })
})
process.send("ready")
