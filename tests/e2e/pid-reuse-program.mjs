// As the first process of a world of its own: lets a process end, has the next one get the very same number, and
// signals the first. Prints what came of it.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { identityOf, isSame, signal } from "#daemon/process/identity"
import { killTree } from "#daemon/process/tree"

const sleeper = () => spawn("sleep", ["300"], { stdio: "ignore" })

const first = sleeper()
const identity = identityOf(first.pid)
first.kill("SIGKILL")
await once(first, "exit")

// The system counts start times in hundredths of a second, and no number comes round that fast by itself.
await new Promise((resolve) => setTimeout(resolve, 50))

let second
for (let tries = 0; tries < 50; tries++) {
  writeFileSync("/proc/sys/kernel/ns_last_pid", String(first.pid - 1))
  second = sleeper()
  if (second.pid === first.pid) break
  second.kill("SIGKILL")
  await once(second, "exit")
}
const reused = second.pid === first.pid
const believed = isSame(identity)
const signalled = signal(identity, "SIGKILL")
const { found } = await killTree({ roots: [identity], graceMs: 0 })
const spared = second.exitCode === null && second.signalCode === null && identityOf(second.pid) !== null
second.kill("SIGKILL")
process.stdout.write(JSON.stringify({ reused, believed, signalled, found, spared }))
