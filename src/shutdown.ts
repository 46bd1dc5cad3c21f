/** Ending what outlives the API on purpose. */
import type { Config } from "./config.ts"
import type { Home } from "./home.ts"

export interface ShutDown {
  /** How many daemons were asked to stop and did. */
  readonly daemons: number
  /** The stream server that was stopped; `null` when none of ours was running. */
  readonly streamsPid: number | null
}

/**
 * Stops every daemon of this home cleanly (its running turn is cancelled and its events are acknowledged), then
 * the stream server, in that order, so that no event is left in a spool. Signals a process only after its
 * identity was checked. Starts nothing, and is content when nothing runs.
 */
export async function shutDownRest(_config: Config, _home: Home): Promise<ShutDown> {
  throw new Error("not built yet")
}
