/** How to start an agent that is a process of its own. */
import type { AgentOptions } from "../adapter.ts"

export interface Launch {
  /** Absolute path. */
  readonly command: string
  readonly args: readonly string[]
  /** Beside what every program needs; the only place for a secret, since arguments can be read by all users. */
  readonly env: Readonly<Record<string, string>>
  /** See {@link AgentProcess.version}. */
  readonly version: string | null
  readonly signIn: string
  /** Where the model is set by a session option rather than by `args` or `env`. */
  readonly modelOption?: string
}

/** Looks the agent up and says how to start it. Throws `AgentFailed` with the remedy where something is missing. */
export type FindLaunch = (options: LaunchOptions) => Promise<Launch>

export type LaunchOptions = Pick<AgentOptions, "env" | "home" | "model" | "sessionId"> & {
  /** The session's own directory, 0700, for what the agent keeps of this one conversation. */
  readonly sessionDir: string
  readonly path: string
  readonly userHome: string
}
