/** An agent of a vendor: a program that the user installs and signs in to, reached through ACP. */
import { AgentFailed } from "../../agent-failed.ts"
import type { FindLaunch, LaunchOptions } from "../process/launch.ts"
import type { AgentProfile } from "../profile.ts"
import { type Adapter, findAdapter, onPath, type Program, packageVersion, type Surroundings } from "./find.ts"
import { isAtLeast, versionOf } from "./version.ts"

export interface Vendor {
  readonly type: string
  readonly title: string
  readonly description: string
  /** What speaks ACP for the program, where it does not do so itself. */
  readonly adapter?: Adapter
  readonly program: {
    readonly name: string
    /** Names another file. */
    readonly variable: string
    readonly package: string
    /** The oldest version that will do. */
    readonly floor: string
  }
  /** Handed over to the agent where they are set. */
  readonly variables: readonly string[]
  /** Looked at here and not handed on as they are. */
  readonly settings?: readonly string[]
  /** What to do when there is neither key nor login: one sentence. */
  readonly signIn: string
  isSignedIn(surroundings: Surroundings): boolean
  start(found: { readonly program: Program; readonly adapter: Program | null }, options: LaunchOptions): Start
}

export interface Start {
  readonly args?: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Needed by whatever talks to a service from behind a proxy or with a certificate of its own. */
export const NETWORK = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
] as const

export function vendorProfile(vendor: Vendor): AgentProfile {
  const { type, title, description, program, adapter, variables, settings = [] } = vendor
  return {
    type,
    title,
    description,
    env: [...variables, ...settings, ...NETWORK, program.variable, ...(adapter ? [adapter.variable] : [])],
    defaultModel: null,
    async preflight(env, home) {
      const {
        program: found,
        adapter: through,
        version,
        needs,
      } = await look(vendor, surroundingsOf(env, home))
      return { found: found !== null && (through !== null || !adapter), version, needs }
    },
    launch: launchOf(vendor),
    ...(adapter && { adapter }),
  }
}

export const surroundingsOf = (
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Surroundings => ({ env, home, path: env.PATH ?? "", userHome: env.HOME ?? "" })

interface Look {
  readonly program: Program | null
  readonly adapter: Program | null
  readonly version: string | null
  readonly needs: readonly string[]
}

/** Looks for all that is needed. Starts nothing but `program --version`. */
async function look(vendor: Vendor, surroundings: Surroundings): Promise<Look> {
  const { program: wanted, adapter: through, type, title } = vendor
  const needs: string[] = []
  const program = findProgram(vendor, surroundings)
  const adapter = through ? findAdapter(through, type, surroundings) : null
  const named = surroundings.env[wanted.variable]
  let version: string | null = null
  if (!program)
    needs.push(
      named
        ? `${wanted.variable} is "${named}", which is no program: set it to the whole path of ${wanted.name}, or unset it.`
        : `${title} is not installed: \`npm install -g ${wanted.package}\`, or set ${wanted.variable} to its path.`,
    )
  else {
    const known = packageVersion(program.file, wanted.package)
    const said = known === null ? await versionOf(program, surroundings) : { version: known }
    if ("fault" in said) needs.push(said.fault)
    else {
      version = said.version
      if (!isAtLeast(version, wanted.floor))
        needs.push(
          `${title} ${version} is too old, ${wanted.floor} or newer is needed: \`npm install -g ${wanted.package}@latest\`.`,
        )
    }
  }
  if (through && !adapter) {
    const wrong = surroundings.env[through.variable]
    needs.push(
      wrong
        ? `${through.variable} is "${wrong}", which is no program: set it to the whole path of ${through.bin}, or unset it.`
        : `The adapter for ${title} is not installed: \`agentz agents add ${type}\`.`,
    )
  } else if (through && adapter) {
    const old = packageVersion(adapter.file, through.package)
    if (old !== null && !isAtLeast(old, through.version))
      needs.push(
        `The adapter for ${title} is version ${old}, and ${through.version} is needed: \`agentz agents add ${type}\`.`,
      )
  }
  if (program && !vendor.isSignedIn(surroundings)) needs.push(vendor.signIn)
  return { program, adapter, version, needs }
}

function findProgram({ program }: Vendor, { env, path }: Surroundings): Program | null {
  const named = env[program.variable]?.trim()
  const file = onPath(named || program.name, named && !named.startsWith("/") ? "" : path)
  return file === null ? null : { command: file, args: [], file }
}

const launchOf =
  (vendor: Vendor): FindLaunch =>
  async (options) => {
    const { program, adapter, version, needs } = await look(vendor, options)
    if (needs.length > 0 || !program)
      throw new AgentFailed({
        code: "agent_not_ready",
        message: `${vendor.title} cannot run.`,
        hint: needs.join(" "),
      })
    const { env, args = [] } = vendor.start({ program, adapter }, options)
    const given = pick(options.env, [...vendor.variables, ...NETWORK])
    const runs = adapter ?? program
    return {
      command: runs.command,
      args: [...runs.args, ...args],
      env: { ...given, ...env },
      version,
      signIn: vendor.signIn,
    }
  }

export const pick = (env: Readonly<Record<string, string | undefined>>, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
