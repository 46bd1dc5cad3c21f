import { CANARY, describeInstalledAgent } from "../conformance/installed-agent.ts"
import { bin, fileOf, packages } from "./cache.mjs"

describeInstalledAgent({
  type: "claude",
  title: "Claude Code",
  versions: {
    "claude-code": packages.claude.version,
    "claude-agent-acp": packages["claude-acp"].version,
  },
  process: true,
  env: ({ url }) => ({
    PATH: `${bin("claude")}:${process.env.PATH}`,
    AGENTZ_CLAUDE_ACP: fileOf("claude-acp", "dist/index.js"),
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: CANARY,
  }),
  mcpTool: (name) => `mcp__agentz__${name}`,
  noteTool: "mcp__agentz-notes__checkpoint",
  asks: (command) => `[[bash cmd=${JSON.stringify(command)}]]`,
})
