import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CANARY, describeInstalledAgent } from "../conformance/installed-agent.ts"
import { bin, fileOf, packages } from "./cache.mjs"

describeInstalledAgent({
  type: "codex",
  title: "Codex",
  versions: { codex: packages.codex.version, "codex-acp": packages["codex-acp"].version },
  process: true,
  env: () => ({
    PATH: `${bin("codex")}:${process.env.PATH}`,
    AGENTZ_CODEX_ACP: fileOf("codex-acp", "dist/index.js"),
    OPENAI_API_KEY: CANARY,
  }),
  // A provider of the user's own, as Codex wants it: in its configuration file.
  prepare({ userHome, model }) {
    const config = [
      'model = "fake-model"',
      'model_provider = "fake"',
      "[model_providers.fake]",
      'name = "fake"',
      `base_url = "${model.url}/v1"`,
      'env_key = "OPENAI_API_KEY"',
      'wire_api = "responses"',
    ]
    mkdirSync(join(userHome, ".codex"))
    writeFileSync(join(userHome, ".codex", "config.toml"), `${config.join("\n")}\n`)
  },
  // It asks only before it leaves its sandbox.
  mcpTool: (name) => `mcp__agentz__${name}`,
  noteTool: "mcp__agentz_notes__checkpoint",
  asks: (command) => `[[bash cmd=${JSON.stringify(command)} sandbox_permissions=require_escalated]]`,
  cannot: {
    rateLimited:
      "Codex does not try again after a 429: the turn ends with provider_rate_limited, and the session goes on by itself if it may wait",
  },
})
