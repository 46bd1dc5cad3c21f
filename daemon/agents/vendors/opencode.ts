/** OpenCode, which speaks ACP itself. */
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import type { Surroundings } from "./find.ts"
import type { Vendor } from "./vendor.ts"

const KEYS = [
  "ANTHROPIC_API_KEY",
  "OPENAI_API_KEY",
  "OPENROUTER_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_GENERATIVE_AI_API_KEY",
  "GROQ_API_KEY",
  "MISTRAL_API_KEY",
  "XAI_API_KEY",
  "DEEPSEEK_API_KEY",
  "CEREBRAS_API_KEY",
  "OPENCODE_API_KEY",
]

export const opencode: Vendor = {
  type: "opencode",
  title: "OpenCode",
  description: "The open-source coding agent for many providers: your own installation, keys and logins.",
  program: { name: "opencode", variable: "AGENTZ_OPENCODE", package: "opencode-ai", floor: "1.18.0" },
  variables: [
    ...KEYS,
    "OPENCODE_CONFIG",
    "OPENCODE_CONFIG_DIR",
    "OPENCODE_CONFIG_CONTENT",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
  ],
  signIn: "Sign in to a provider once with `opencode auth login`, or set its key, such as ANTHROPIC_API_KEY.",
  isSignedIn,
  start: (_found, { env, model, sessionDir }) => {
    const password = randomBytes(24).toString("base64url")
    const config = configOf(env.OPENCODE_CONFIG_CONTENT, model)
    return {
      args: ["acp"],
      env: {
        // It opens an HTTP server beside its pipe, to anybody on this machine where there is no password.
        OPENCODE_SERVER_PASSWORD: password,
        OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
        // Merged after every configuration, that of the project among them: what a repository says allows nothing.
        OPENCODE_PERMISSION: JSON.stringify(ASK),
        OPENCODE_DB: join(sessionDir, "opencode.db"),
        OPENCODE_DISABLE_AUTOUPDATE: "1",
        OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
        OPENCODE_DISABLE_TERMINAL_TITLE: "1",
        // Who names the providers needs no list of all there are.
        ...("provider" in config && { OPENCODE_DISABLE_MODELS_FETCH: "1" }),
      },
    }
  },
}

/** Its own default allows everything. */
const ASK = { edit: "ask", bash: "ask", webfetch: "ask", external_directory: "ask" }

const Config = z.looseObject({ agent: z.record(z.string(), z.looseObject({})).optional() })

function configOf(given: string | undefined, model: string | undefined) {
  const config = Config.parse(parsed(given))
  const agents = ["build", "plan", "general", ...Object.keys(config.agent ?? {})]
  return {
    ...config,
    autoupdate: false,
    share: "disabled",
    permission: ASK,
    // An agent's own permissions would win over the ones above.
    agent: Object.fromEntries(agents.map((name) => [name, { ...config.agent?.[name], permission: ASK }])),
    ...(model !== undefined && { model }),
  }
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "{}")
  } catch {
    return {}
  }
}

function isSignedIn({ env, userHome }: Surroundings): boolean {
  if (KEYS.some((name) => env[name])) return true
  if (env.OPENCODE_CONFIG_CONTENT || env.OPENCODE_CONFIG) return true
  const data = env.XDG_DATA_HOME || join(userHome, ".local", "share")
  const config = env.OPENCODE_CONFIG_DIR || join(env.XDG_CONFIG_HOME || join(userHome, ".config"), "opencode")
  return (
    existsSync(join(data, "opencode", "auth.json")) ||
    ["opencode.json", "opencode.jsonc", "config.json"].some((name) => existsSync(join(config, name)))
  )
}
