/** The agents inside the daemon, in the same suite as those that are processes. They need no install. */
import { version } from "#src/package-root"
import { CANARY, describeInstalledAgent } from "../conformance/installed-agent.ts"

const inside = "runs inside the daemon: it has no process of its own"
const noServers = "takes no MCP servers"
const noProgram = "needs no program"
const sumsUpNothing = "sums up nothing"

describeInstalledAgent({
  type: "openai-compatible",
  title: "openai-compatible",
  versions: { agentz: version },
  process: false,
  env: ({ url }) => ({
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: CANARY,
    OPENAI_MODEL: "fake-model",
  }),
  asks: (command) => `[[bash cmd=${JSON.stringify(command)}]]`,
  cannot: {
    agentKilled: inside,
    missing: noProgram,
    compacted: sumsUpNothing,
    children: noServers,
    workflows: noServers,
  },
})

const noModel = "has no model and speaks to no service"
describeInstalledAgent({
  type: "demo",
  title: "demo",
  versions: { agentz: version },
  process: false,
  env: () => ({}),
  asks: (command) => `[[bash cmd=${JSON.stringify(command)}]]`,
  cannot: {
    agentKilled: inside,
    missing: noProgram,
    compacted: sumsUpNothing,
    cut: noModel,
    wrongKey: "has no key",
    secrets: "has no key",
    children: noServers,
    workflows: noServers,
  },
})
