#!/usr/bin/env node
import { realDeps } from "./deps.ts"
import { processIo } from "./io.ts"
import { runCli } from "./run-cli.ts"

// Whatever this process or its children make is for this user alone.
process.umask(0o077)

const [command = "up"] = process.argv.slice(2)
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `agentz ls | head` has seen enough; a server goes on without a reader of its banner.
  if (error.code !== "EPIPE") throw error
  if (!["up", "streams"].includes(command) && !command.startsWith("-")) process.exit(0)
})

// Log lines go there; a full disk or a closed terminal must not end a server by that.
process.stderr.on("error", () => undefined)

process.exitCode = await runCli(process.argv.slice(2), processIo(), realDeps)
