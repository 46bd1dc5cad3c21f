/** OpenAI's Codex, through the adapter of the Agent Client Protocol's own project. */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { tells } from "./claude.ts"
import type { Surroundings } from "./find.ts"
import type { Vendor } from "./vendor.ts"

export const codex: Vendor = {
  type: "codex",
  title: "Codex",
  description:
    "OpenAI's coding agent: your own installation, with your key or login. Works in its own sandbox and asks before it leaves it.",
  adapter: {
    package: "@agentclientprotocol/codex-acp",
    version: "2.6.0",
    bin: "codex-acp",
    variable: "AGENTZ_CODEX_ACP",
  },
  program: { name: "codex", variable: "CODEX_PATH", package: "@openai/codex", floor: "0.166.0" },
  variables: [
    "CODEX_API_KEY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORGANIZATION",
    "OPENAI_PROJECT",
    "CODEX_HOME",
    "CODEX_CONFIG",
    "MODEL_PROVIDER",
  ],
  signIn: "Sign in to Codex once with `codex login`, or set CODEX_API_KEY to a key that is valid.",
  isSignedIn: (surroundings) =>
    hasKey(surroundings) || hasLogin(surroundings) || hasOwnProvider(surroundings),
  start: ({ program }, options) => {
    const { env, model, sessionDir } = options
    // Without a login of its own Codex takes the key when it is told to; it is not to keep it.
    const byKey = hasKey(options) && !hasLogin(options) && !hasOwnProvider(options)
    const config = {
      ...objectIn(env.CODEX_CONFIG),
      ...(model !== undefined && { model }),
      ...(env.OPENAI_BASE_URL && { openai_base_url: env.OPENAI_BASE_URL }),
    }
    return {
      env: {
        CODEX_PATH: quietCodex(program.file, sessionDir, byKey ? [...QUIET, KEEP_NO_KEY] : QUIET),
        // Codex' own default sends questions to a reviewing model rather than to a person.
        INITIAL_AGENT_MODE: "workspace-write",
        NO_BROWSER: "1",
        CODEX_CONFIG: JSON.stringify(config),
        ...(byKey && { DEFAULT_AUTH_REQUEST: JSON.stringify({ methodId: "api-key" }) }),
      },
    }
  },
}

/** Plugins, apps, analytics and update look-ups off: only these settings reach no other host than the model's. */
const QUIET = [
  "features.plugins=false",
  "features.apps=false",
  "analytics.enabled=false",
  "check_for_update_on_startup=false",
]
const KEEP_NO_KEY = 'cli_auth_credentials_store="ephemeral"'

/**
 * The adapter cannot hand settings to Codex that hold for the whole process, and the user's own config.toml is
 * not ours to change. So Codex is started by two lines of shell that add them; no secret is among them.
 */
function quietCodex(program: string, sessionDir: string, settings: readonly string[]): string {
  const file = join(sessionDir, "codex")
  const options = settings.flatMap((setting) => ["-c", quoted(setting)]).join(" ")
  writeFileSync(file, `#!/bin/sh\nexec ${quoted(program)} ${options} "$@"\n`, { mode: 0o700 })
  return file
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const codexHome = ({ env, userHome }: Surroundings) => env.CODEX_HOME || join(userHome, ".codex")

const hasKey = ({ env }: Surroundings) => Boolean(env.CODEX_API_KEY || env.OPENAI_API_KEY)

const hasLogin = (surroundings: Surroundings) => existsSync(join(codexHome(surroundings), "auth.json"))

/** Another provider brings its own way to sign in. */
const hasOwnProvider = (surroundings: Surroundings) =>
  Boolean(surroundings.env.MODEL_PROVIDER) ||
  tells(join(codexHome(surroundings), "config.toml"), /^\s*model_provider\s*=/m)

function objectIn(json: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json ?? "{}")
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}
