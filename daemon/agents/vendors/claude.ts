/** Claude Code, through the adapter of the Agent Client Protocol's own project. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Surroundings } from "./find.ts"
import type { Vendor } from "./vendor.ts"

export const claude: Vendor = {
  type: "claude",
  title: "Claude Code",
  description: "Anthropic's coding agent: your own installation, with your key or login.",
  adapter: {
    package: "@agentclientprotocol/claude-agent-acp",
    version: "0.100.0",
    bin: "claude-agent-acp",
    variable: "AGENTZ_CLAUDE_ACP",
  },
  program: {
    name: "claude",
    variable: "CLAUDE_CODE_EXECUTABLE",
    package: "@anthropic-ai/claude-code",
    floor: "2.1.197",
  },
  variables: [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CONFIG_DIR",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "CLOUD_ML_REGION",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_REGION",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    "MAX_THINKING_TOKENS",
  ],
  settings: ["IS_SANDBOX"],
  signIn: "Sign in to Claude Code once with `claude`, or set ANTHROPIC_API_KEY to a key that is valid.",
  isSignedIn,
  start: ({ program }, { model, env }) => ({
    env: {
      CLAUDE_CODE_EXECUTABLE: program.file,
      CLAUDE_AGENT_ACP_PROTOCOL: "v1",
      // One variable that ends all telemetry, update and feature look-ups; the single ones leave some.
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      // Ten with growing pauses is the default: over a minute of silence on a wrong key.
      CLAUDE_CODE_MAX_RETRIES: "4",
      NO_BROWSER: "1",
      // The adapter takes any value for a yes, the program only this one, and root is refused when they differ.
      ...(env.IS_SANDBOX === "1" && { IS_SANDBOX: "1" }),
      // Takes any model, also one that the adapter does not offer.
      ...(model !== undefined && { ANTHROPIC_MODEL: model }),
    },
  }),
}

const KEYS = [
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_AUTH_TOKEN",
  "CLAUDE_CODE_OAUTH_TOKEN",
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_VERTEX",
]

function isSignedIn({ env, userHome }: Surroundings): boolean {
  if (KEYS.some((name) => env[name])) return true
  const own = env.CLAUDE_CONFIG_DIR
  const dir = own || join(userHome, ".claude")
  if (existsSync(join(dir, ".credentials.json"))) return true
  // Where the login itself is in the system's keychain, the account is noted here.
  return (
    tells(
      own ? join(own, ".claude.json") : join(userHome, ".claude.json"),
      /"(oauthAccount|primaryApiKey)"/,
    ) ||
    tells(
      join(dir, "settings.json"),
      /"(apiKeyHelper|ANTHROPIC_API_KEY|ANTHROPIC_AUTH_TOKEN|CLAUDE_CODE_USE_\w+)"/,
    )
  )
}

export function tells(file: string, what: RegExp): boolean {
  try {
    return what.test(readFileSync(file, "utf8"))
  } catch {
    return false
  }
}
