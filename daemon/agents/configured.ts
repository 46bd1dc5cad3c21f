/**
 * Agents that the user configures: `agents.json` in the home. Any program that speaks ACP becomes an agent type by
 * an entry of its own, and an entry with the name of a known agent hands it further variables. Read anew each time.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { AgentFailed } from "../agent-failed.ts"
import type { Catalogued } from "./catalogue.ts"
import type { FindLaunch } from "./process/launch.ts"
import type { AgentProfile } from "./profile.ts"
import { onPath, type Surroundings } from "./vendors/find.ts"
import { NETWORK, pick, surroundingsOf } from "./vendors/vendor.ts"
import { isAtLeast, versionOf } from "./vendors/version.ts"

const Name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, "must be the name of a variable")
const Type = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be small letters, digits and -, at most 32")
const MODEL = "{model}"

const Handed = z.strictObject({
  /** Variables of the environment that are handed over where they are set; their values never get into a log. */
  env: z.array(Name).default([]),
  /** Variables with fixed values. */
  set: z.record(Name, z.string()).default({}),
})

const Configured = z.strictObject({
  ...Handed.shape,
  title: z.string().min(1).max(60).optional(),
  description: z.string().max(300).default("An agent that you configured."),
  /** A name on the PATH, or a whole path. */
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  /** How it is told which model to use: an option of the session, a variable, or arguments with {model} in them. */
  model: z
    .union([
      z.strictObject({ option: z.string().min(1) }),
      z.strictObject({ variable: Name }),
      z.strictObject({ args: z.array(z.string()).min(1) }),
    ])
    .optional(),
  defaultModel: z.string().min(1).optional(),
  /** Variables without which it cannot run. They are handed over as well. */
  needs: z.array(Name).default([]),
  /** The oldest version that will do, as `command --version` tells it. */
  minVersion: z
    .string()
    .regex(/^\d+\.\d+\.\d+/, "must be like 1.2.3")
    .optional(),
})
type Configured = z.infer<typeof Configured>

const File = z.strictObject({ agents: z.record(Type, z.looseObject({})) })

const agentsFile = (home: string): string => join(home, "agents.json")

export function configuredAgents(home: string, known: Readonly<Record<string, AgentProfile>>): Catalogued {
  const path = agentsFile(home)
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { profiles: known, fault: code === "ENOENT" ? null : `${path} cannot be read (${code}).` }
  }
  const read = parse(text, known)
  if ("fault" in read) return { profiles: known, fault: `${path}, ${read.fault}` }
  return { profiles: { ...known, ...read.profiles }, fault: null }
}

type Read = { readonly profiles: Record<string, AgentProfile> } | { readonly fault: string }

/** Pure; `fault` begins with the line. */
function parse(text: string, known: Readonly<Record<string, AgentProfile>>): Read {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return { fault: `${lineOfSyntax(text, error)}: it is not JSON (${(error as Error).message}).` }
  }
  const file = File.safeParse(json)
  if (!file.success) return { fault: faultOf(text, file.error, []) }
  const profiles: Record<string, AgentProfile> = {}
  for (const [type, entry] of Object.entries(file.data.agents)) {
    const base = known[type]
    const read = base ? Handed.safeParse(entry) : Configured.safeParse(entry)
    if (!read.success) return { fault: faultOf(text, read.error, ["agents", type]) }
    profiles[type] = base ? withMore(base, read.data) : profileOf(type, read.data as Configured)
  }
  return { profiles }
}

function faultOf(text: string, error: z.ZodError, at: readonly string[]): string {
  const [issue] = error.issues
  const path = [...at, ...(issue?.path ?? []).map(String)]
  const strange = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : []
  const message =
    strange.length > 0
      ? `there is no field "${strange[0]}" here`
      : (issue?.message ?? "is wrong").replace(/^Invalid input: /, "")
  return `line ${lineOfPath(text, [...path, ...strange])}: ${path.join(".") || "the file"}: ${message}.`
}

/** Each key is looked for behind the one before it: right for all that people write, and at worst some lines off. */
function lineOfPath(text: string, path: readonly string[]): number {
  let at = 0
  for (const key of path) {
    const found = text.indexOf(JSON.stringify(key), at)
    if (found >= 0) at = found
  }
  return lineAt(text, at)
}

function lineOfSyntax(text: string, error: unknown): string {
  const position = /position (\d+)/.exec((error as Error).message)?.[1]
  return `line ${lineAt(text, position === undefined ? text.length : Number(position))}`
}

const lineAt = (text: string, at: number) => text.slice(0, at).split("\n").length

/** A known agent that gets more than it would. */
function withMore(base: AgentProfile, { env, set }: z.infer<typeof Handed>): AgentProfile {
  const { launch } = base
  return {
    ...base,
    env: [...base.env, ...env],
    ...(launch && {
      launch: async (options) => {
        const start = await launch(options)
        const more = pick(options.env, env)
        return {
          ...start,
          env: { ...start.env, ...more, ...set },
        }
      },
    }),
  }
}

function profileOf(type: string, configured: Configured): AgentProfile {
  const { title = type, description, env, needs, defaultModel = null } = configured
  return {
    type,
    title,
    description,
    env: [...env, ...needs, ...NETWORK],
    defaultModel,
    preflight: async (given, home) => await look(type, configured, surroundingsOf(given, home)),
    launch: launchOf(type, configured),
  }
}

async function look(
  type: string,
  { command, needs: wanted, minVersion }: Configured,
  surroundings: Surroundings,
) {
  const missing = wanted
    .filter((name) => !surroundings.env[name])
    .map((name) => `Set ${name}: agents.json says that ${type} needs it.`)
  const file = onPath(command, surroundings.path)
  if (file === null)
    return {
      found: false,
      version: null,
      file,
      needs: [
        `There is no program ${command}: install it, or correct "command" of ${type} in agents.json.`,
        ...missing,
      ],
    }
  if (minVersion === undefined) return { found: true, version: null, file, needs: missing }
  const said = await versionOf({ command: file, args: [], file }, surroundings)
  if ("fault" in said) return { found: true, version: null, file, needs: [said.fault, ...missing] }
  const old = isAtLeast(said.version, minVersion)
    ? []
    : [
        `${command} is version ${said.version}, and agents.json says that ${type} needs ${minVersion}: install a newer one.`,
      ]
  return { found: true, version: said.version, file, needs: [...old, ...missing] }
}

const launchOf =
  (type: string, configured: Configured): FindLaunch =>
  async (options) => {
    const { title = type, env, needs: wanted, set, args, model: way } = configured
    const { file, needs, version } = await look(type, configured, options)
    if (file === null || needs.length > 0)
      throw new AgentFailed({
        code: "agent_not_ready",
        message: `${title} cannot run.`,
        hint: needs.join(" "),
      })
    const handed = pick(options.env, [...env, ...wanted])
    const model = options.model ?? configured.defaultModel
    return {
      command: file,
      args: [
        ...args,
        ...(way && "args" in way && model !== undefined
          ? way.args.map((arg) => arg.replaceAll(MODEL, model))
          : []),
      ],
      env: {
        ...pick(options.env, NETWORK),
        ...handed,
        ...set,
        ...(way && "variable" in way && model !== undefined && { [way.variable]: model }),
      },
      version,
      signIn: `Check the key or login of ${title}.`,
      ...(way && "option" in way && { modelOption: way.option }),
    }
  }
