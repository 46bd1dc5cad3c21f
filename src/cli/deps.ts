/** What commands need of the rest of agentz, by parameter so that a test can stand in for it. */
import { spawn } from "node:child_process"
import { type Added, addAdapter, type Wanted } from "../adapters.ts"
import { agentTypes } from "../agent-types.ts"
import { type Config, parseConfig } from "../config.ts"
import { type Home, openHome } from "../home.ts"
import { type ApiOptions, type ApiServer, serveApi } from "../http/server.ts"
import { type OpenPlane, openPlane, type PlaneOptions } from "../open-plane.ts"
import { builtUi } from "../package-root.ts"
import type { AgentTypeInfo } from "../plane.ts"
import { type ShutDown, shutDownRest } from "../shutdown.ts"
import { type CompactStreams, compactStreams, type ServeStreams, serveStreams } from "../stream-server.ts"

export interface Deps {
  config(): Config
  openHome(path: string): Promise<Home>
  /** Starts the stream server when none answers. */
  openPlane(config: Config, options?: PlaneOptions): Promise<OpenPlane>
  serveApi(options: ApiOptions): Promise<ApiServer>
  readonly serveStreams: ServeStreams
  readonly compactStreams: CompactStreams
  shutDownRest(config: Config, home: Home): Promise<ShutDown>
  agents(home: string): Promise<readonly AgentTypeInfo[]>
  addAdapter(wanted: Wanted, home: string, tell: (line: string) => void): Promise<Added>
  openBrowser(url: string): void
  readonly uiDir: string
  now(): number
}

export const realDeps: Deps = {
  config: () => parseConfig(),
  openHome: (path) => openHome(path),
  openPlane,
  serveApi,
  serveStreams,
  compactStreams,
  shutDownRest,
  agents: (home) => agentTypes(home),
  addAdapter,
  openBrowser,
  uiDir: builtUi,
  now: Date.now,
}

/** Best effort: where no browser opens, the printed link is still there. */
function openBrowser(url: string): void {
  const [program, ...options] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["explorer.exe"] : ["xdg-open"]
  const child = spawn(program ?? "xdg-open", [...options, url], { detached: true, stdio: "ignore" })
  child.once("error", () => child.unref())
  child.unref()
}
