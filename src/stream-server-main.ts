/** The stream server's own process: started detached by whoever finds none, ended by `agentz down --all`. */
import { join } from "node:path"
import { keepCapped } from "#daemon/log-cap"
import { BUSY } from "#daemon/stream-server/ensure"
import { noteServing } from "#daemon/stream-server/setbacks"
import { parseConfig } from "./config.ts"
import { openHome } from "./home.ts"
import { errorFields, jsonLog } from "./log.ts"
import { holdOwnStreams } from "./stream-host.ts"
import { openStreamsToken } from "./token.ts"

const log = jsonLog(process.stderr)

// The log lies on the disk that may be full: a line that cannot be written must not end the server.
process.stderr.on("error", () => undefined)

try {
  process.umask(0o077)
  const config = parseConfig()
  const home = await openHome(config.home)
  keepCapped(join(home.path, "streams.log"))
  const server = await holdOwnStreams(home, {
    port: config.streamsPort,
    token: await openStreamsToken(config, home),
    log,
    onFatal: (error) => {
      log({ event: "streams_fatal", ...errorFields(error) })
      process.exit(1)
    },
  })
  noteServing(home.path)
  log({ event: "streams_ready", url: server.url, pid: process.pid })
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.once(name, () => {
      log({ event: "streams_stopping", signal: name })
      void server.close().then(() => process.exit(0))
    })
} catch (error) {
  log({ event: "streams_failed", ...errorFields(error) })
  const code = error instanceof Error && "code" in error ? error.code : null
  process.exit(code === "data_dir_busy" ? BUSY : 1)
}
