/** An agent that agentz has never heard of: an entry in agents.json and no line of code. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { CANARY, describeInstalledAgent } from "../conformance/installed-agent.ts"
import { bin, packages } from "./cache.mjs"

const TRUSTS = "in a directory that it trusts"
const LOSES = "Gemini CLI loses its conversation with its process; agentz tells it what the transcript knows"

describeInstalledAgent({
  type: "gemini",
  title: "Gemini CLI, by configuration",
  versions: { "gemini-cli": packages.gemini.version },
  process: true,
  env: ({ url }) => ({
    PATH: `${bin("gemini")}:${process.env.PATH}`,
    GEMINI_API_KEY: CANARY,
    GOOGLE_GEMINI_BASE_URL: url,
  }),
  prepare({ home }) {
    const gemini = {
      title: "Gemini CLI",
      command: "gemini",
      args: ["--acp"],
      needs: ["GEMINI_API_KEY"],
      env: ["GOOGLE_GEMINI_BASE_URL"],
      // In a folder that it does not trust it leaves out MCP servers, and says nothing of it.
      set: { GEMINI_CLI_TRUST_WORKSPACE: "true" },
      minVersion: packages.gemini.version,
    }
    writeFileSync(join(home, "agents.json"), JSON.stringify({ agents: { gemini } }, null, 2))
  },
  mcpTool: (name) => `mcp_agentz_${name}`,
  asks: (command) => `[[bash cmd=${JSON.stringify(command)}]]`,
  remarks: { children: TRUSTS, workflows: TRUSTS },
  cannot: {
    agentKilled: LOSES,
    daemonKilled: LOSES,
    parked: LOSES,
    compacted: "Gemini CLI tells nobody that it did",
    cut: "Gemini CLI does not go on after it: the turn fails and says why",
  },
})
