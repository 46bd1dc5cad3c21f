/**
 * The environment, read once. What comes out is frozen and complete; what is wrong is refused with a sentence
 * that names the variable, its value and the remedy.
 */
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { z } from "zod"
import { ISOLATIONS, type IsolationKind } from "#daemon/process/isolation"
import { MOST_CHILDREN } from "#streams/children"
import { OnLimit } from "#streams/limit"
import { changedLimits, type Limits, type LimitWord, limitValue } from "#streams/session-limits"

export interface Config {
  /** Where everything of this installation lives: token, streams, logs, run files. */
  readonly home: string
  readonly host: string
  /** Where a proxy in front makes the API reachable, as an origin: `https://agentz.example.com`. */
  readonly publicUrl: string | null
  /** 0: any free port. */
  readonly port: number
  /** 0: any free port. */
  readonly streamsPort: number
  /** Another Durable Streams server, without a slash at its end. `null`: the embedded one. */
  readonly streamsUrl: string | null
  readonly streamsToken: string | null
  /** `null`: the one that is kept in the home. */
  readonly token: string | null
  /** What `agentz mcp` may do on standard input and output; `null`: everything. */
  readonly mcpToken: string | null
  /** How many sessions the agent of a session may start that was not told; 0: none. */
  readonly children: number
  readonly idleSeconds: number
  /** Steps of workflows that may be at work at once on this machine. */
  readonly stepsAtOnce: number
  /** Of them, those of one type of agent, where it has a limit of its own. */
  readonly agentStepsAtOnce: ReadonlyMap<string, number>
  /** What sessions do about a limit of their agent's service. */
  readonly onLimit: OnLimit
  /** What a session may use that is not told anything else. */
  readonly limits: Limits
  /** No better isolation than this. `null`: the best there is. */
  readonly isolation: IsolationKind | null
  /** Keep the home from what agents start, where the system can. */
  readonly hideHome: boolean
  /** Push branch and checkpoints of each session in a work tree to `origin` after its turns. */
  readonly push: boolean
  /** Give agents tools to keep notes with on where they stand. */
  readonly notes: boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

/** This installation cannot run as it is set up. The message names the remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
  readonly reason: "invalid_config" | "unsafe_home"
  constructor(reason: ConfigError["reason"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Whether only this machine can reach what listens there. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

const port = (standard: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .refine((value) => value <= 65_535)
    .default(standard)

const secret = z
  .string()
  .regex(/^[\x21-\x7e]{16,512}$/)
  .optional()

const limit = (word: LimitWord) =>
  z
    .string()
    .transform((text) => limitValue(word, text))
    .refine((value) => value !== null)
    .optional()

const Env = z.object({
  AGENTZ_HOME: z
    .string()
    .transform((path) => (path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path))
    .refine(isAbsolute)
    .optional(),
  AGENTZ_HOST: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,253}$/)
    .default("127.0.0.1"),
  AGENTZ_PUBLIC_URL: z.string().refine(isOrigin).optional(),
  AGENTZ_PORT: port(4200),
  AGENTZ_STREAMS_PORT: port(4201),
  AGENTZ_STREAMS_URL: z.string().refine(isPlainHttpUrl).optional(),
  AGENTZ_STREAMS_TOKEN: secret,
  AGENTZ_TOKEN: secret,
  AGENTZ_MCP_TOKEN: secret,
  AGENTZ_CHILDREN: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((value) => value <= MOST_CHILDREN)
    .default(0),
  AGENTZ_IDLE_SECONDS: z
    .string()
    .regex(/^\d{1,9}(\.\d+)?$/)
    .transform(Number)
    .default(600),
  AGENTZ_STEPS_AT_ONCE: z
    .string()
    .regex(/^[1-9]\d{0,4}$/)
    .transform(Number)
    .default(100),
  AGENTZ_AGENT_STEPS_AT_ONCE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]*=[1-9]\d{0,4}(,[a-z0-9][a-z0-9_-]*=[1-9]\d{0,4})*$/)
    .transform(limitsByName)
    .default(new Map()),
  AGENTZ_ON_LIMIT: OnLimit.default("stop"),
  AGENTZ_LIMIT_MEMORY: limit("memory"),
  AGENTZ_LIMIT_PROCESSES: limit("processes"),
  AGENTZ_LIMIT_DISK: limit("disk"),
  AGENTZ_LIMIT_MINUTES: limit("minutes"),
  AGENTZ_LIMIT_COST: limit("cost"),
  AGENTZ_LIMIT_TOKENS: limit("tokens"),
  AGENTZ_ISOLATION: z.enum(["auto", ...ISOLATIONS]).default("auto"),
  AGENTZ_ALLOW_NETWORK: z.enum(["0", "1"]).default("0"),
  AGENTZ_HIDE_HOME: z.enum(["0", "1"]).default("1"),
  AGENTZ_PUSH: z.enum(["0", "1"]).default("0"),
  AGENTZ_MACHINE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/)
    .optional(),
  AGENTZ_NOTES: z.enum(["0", "1"]).default("1"),
})
type Variable = keyof z.infer<typeof Env>

const REMEDIES: Record<Variable, string> = {
  AGENTZ_HOME: "set it to an absolute path, or unset it for ~/.agentz",
  AGENTZ_HOST: "set it to an address of this machine such as 127.0.0.1, or unset it",
  AGENTZ_PUBLIC_URL:
    "set it to the address that browsers use, such as https://agentz.example.com, without a path, or unset it",
  AGENTZ_PORT: "set it to a whole number from 0 to 65535 (0 takes any free port), or unset it for 4200",
  AGENTZ_STREAMS_PORT:
    "set it to a whole number from 0 to 65535 (0 takes any free port), or unset it for 4201",
  AGENTZ_STREAMS_URL:
    "set it to the http(s) base URL that stream names are appended to, without user, query or fragment, or unset it for the embedded stream server",
  AGENTZ_STREAMS_TOKEN: "set it to 16 to 512 visible ASCII characters, or unset it",
  AGENTZ_TOKEN: "set it to 16 to 512 visible ASCII characters, or unset it to have one generated",
  AGENTZ_MCP_TOKEN: "set it to a token that `agentz mcp token create` made, or unset it",
  AGENTZ_CHILDREN: `set it to a whole number from 0 to ${MOST_CHILDREN}, or unset it for 0`,
  AGENTZ_IDLE_SECONDS: "set it to a number of seconds such as 600, or unset it",
  AGENTZ_STEPS_AT_ONCE: "set it to a whole number from 1 to 99999, or unset it for 100",
  AGENTZ_AGENT_STEPS_AT_ONCE:
    "set it to types of agents with whole numbers from 1 on, such as claude=4,codex=2, or unset it for no limits of their own",
  AGENTZ_ON_LIMIT: "set it to wait or stop, or unset it for stop",
  AGENTZ_LIMIT_MEMORY: "set it to an amount such as 512m or 2g, or unset it for no limit",
  AGENTZ_LIMIT_PROCESSES: "set it to a whole number from 8 on, or unset it for no limit",
  AGENTZ_LIMIT_DISK: "set it to an amount such as 500m or 10g, or unset it for no limit",
  AGENTZ_LIMIT_MINUTES: "set it to a number of minutes such as 30, or unset it for no limit",
  AGENTZ_LIMIT_COST: "set it to an amount of US dollars such as 5, or unset it for no limit",
  AGENTZ_LIMIT_TOKENS: "set it to a number such as 500k or 2m, or unset it for no limit",
  AGENTZ_ISOLATION: `set it to auto, ${ISOLATIONS.join(", ")}, or unset it for the best there is`,
  AGENTZ_HIDE_HOME: "set it to 0 to let agents' commands see agentz's home, or unset it",
  AGENTZ_MACHINE: "set it to a name of letters, digits, dots and dashes, or unset it for the host name",
  AGENTZ_PUSH: "set it to 1 to push the work of each session in a git repository to origin, or unset it",
  AGENTZ_NOTES: "set it to 0 to give agents no tools to keep notes with, or unset it",
  AGENTZ_ALLOW_NETWORK: "set it to 1 to allow an address that other machines can reach, or unset it",
}
const SECRETS: ReadonlySet<string> = new Set<Variable>([
  "AGENTZ_TOKEN",
  "AGENTZ_STREAMS_TOKEN",
  "AGENTZ_MCP_TOKEN",
])

/** `claude=4,codex=2` */
function limitsByName(text: string): ReadonlyMap<string, number> {
  const pairs = text.split(",").map((pair) => pair.split("="))
  return new Map(pairs.map(([name = "", most]) => [name, Number(most)]))
}

function isPlainHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "" &&
    url.password === ""
  )
}

function isOrigin(text: string): boolean {
  return isPlainHttpUrl(text) && new URL(text).pathname === "/" && !text.endsWith("?") && !text.endsWith("#")
}

/** Reads the configuration. An empty variable counts as unset. Throws {@link ConfigError}. */
export function parseConfig(environment: Environment = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""))
  const parsed = Env.safeParse(given)
  if (!parsed.success) throw refusalOf(parsed.error.issues.map((issue) => String(issue.path[0])))(given)
  const env = parsed.data
  refuseOpenDoor(env)
  return Object.freeze({
    home: env.AGENTZ_HOME ?? join(homedir(), ".agentz"),
    host: env.AGENTZ_HOST.toLowerCase(),
    publicUrl: env.AGENTZ_PUBLIC_URL === undefined ? null : new URL(env.AGENTZ_PUBLIC_URL).origin,
    port: env.AGENTZ_PORT,
    streamsPort: env.AGENTZ_STREAMS_PORT,
    streamsUrl: env.AGENTZ_STREAMS_URL?.replace(/\/+$/, "") ?? null,
    streamsToken: env.AGENTZ_STREAMS_TOKEN ?? null,
    token: env.AGENTZ_TOKEN ?? null,
    mcpToken: env.AGENTZ_MCP_TOKEN ?? null,
    children: env.AGENTZ_CHILDREN,
    idleSeconds: env.AGENTZ_IDLE_SECONDS,
    stepsAtOnce: env.AGENTZ_STEPS_AT_ONCE,
    agentStepsAtOnce: env.AGENTZ_AGENT_STEPS_AT_ONCE,
    onLimit: env.AGENTZ_ON_LIMIT,
    limits: changedLimits(
      {},
      {
        memoryMb: env.AGENTZ_LIMIT_MEMORY,
        processes: env.AGENTZ_LIMIT_PROCESSES,
        diskMb: env.AGENTZ_LIMIT_DISK,
        minutes: env.AGENTZ_LIMIT_MINUTES,
        costUsd: env.AGENTZ_LIMIT_COST,
        tokens: env.AGENTZ_LIMIT_TOKENS,
      },
    ),
    hideHome: env.AGENTZ_HIDE_HOME === "1",
    push: env.AGENTZ_PUSH === "1",
    notes: env.AGENTZ_NOTES === "1",
    isolation: env.AGENTZ_ISOLATION === "auto" ? null : env.AGENTZ_ISOLATION,
  })
}

const refusalOf = (variables: readonly string[]) => (given: Environment) => {
  const sentences = [...new Set(variables)].map((variable) => {
    const value = SECRETS.has(variable) ? "not usable" : `"${given[variable]}", which is not usable`
    return `${variable} is ${value}: ${REMEDIES[variable as Variable]}.`
  })
  return new ConfigError("invalid_config", sentences.join(" "))
}

/** Who can reach the door can start processes: opening it to a network takes two deliberate steps. */
function refuseOpenDoor(env: z.infer<typeof Env>): void {
  if (isLoopback(env.AGENTZ_HOST.toLowerCase())) return
  if (env.AGENTZ_ALLOW_NETWORK === "1" && env.AGENTZ_TOKEN !== undefined) return
  throw new ConfigError(
    "invalid_config",
    `AGENTZ_HOST is "${env.AGENTZ_HOST}", which other machines may reach: keep 127.0.0.1 and come in through ` +
      "`ssh -L`, or set both AGENTZ_ALLOW_NETWORK=1 and AGENTZ_TOKEN and put a TLS proxy in front.",
  )
}

/** What the environment says about the person's terminal. */
export interface TerminalSettings {
  readonly color: boolean
  readonly browser: boolean
  readonly debug: boolean
}

export function terminalSettings(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): TerminalSettings {
  const has = (name: string) => (environment[name] ?? "") !== ""
  const display = platform !== "linux" || has("DISPLAY") || has("WAYLAND_DISPLAY")
  return {
    color: !has("NO_COLOR") && environment.TERM !== "dumb",
    browser: display && !has("CI") && !has("SSH_CONNECTION"),
    debug: has("AGENTZ_DEBUG"),
  }
}

/** The environment as agents' checks want to see it: what is set decides what can run. */
export const agentEnvironment = (): Environment => process.env
