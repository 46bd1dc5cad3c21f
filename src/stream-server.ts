/** The embedded stream server as the control plane sees it: loaded only where it is served. */
import type { Log } from "./log.ts"

export interface StreamServerOptions {
  readonly dataDir: string
  readonly host?: string
  readonly port?: number
  /** `null`: whoever reaches it may use it. */
  readonly token: string | null
  readonly log?: Log
  readonly onFatal?: (error: Error) => void
}

export interface RunningStreamServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export type ServeStreams = (options: StreamServerOptions) => Promise<RunningStreamServer>

// Its store is native code, which no other command should have to load.
export const serveStreams: ServeStreams = async (options) =>
  (await import("#streams/engine/server")).serveStreams(options)

/** How a stream server died, for its next start: after some deaths the store is read through before it is opened. */
export const recordDeath = async (
  dataDir: string,
  death: { readonly pid: number; readonly signal: string },
): Promise<void> => (await import("#streams/engine/server")).recordDeath(dataDir, death)

export type CompactStreams = (dataDir: string) => Promise<{ readonly before: number; readonly after: number }>

export const compactStreams: CompactStreams = async (dataDir) =>
  (await import("#streams/engine/server")).compactStreams(dataDir)
