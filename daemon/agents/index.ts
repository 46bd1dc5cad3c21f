/** How to open each kind of agent. An agent's code is loaded when it is opened, so that a daemon loads one only. */
import { COMMAND_AGENT } from "#streams/workflow/program"
import { AgentFailed } from "../agent-failed.ts"
import type { OpenAdapter } from "./adapter.ts"
import { cataloguedAgents } from "./catalogue.ts"
import { cerebras, openaiCompatible, type Provider } from "./openai/provider.ts"

const openai =
  (provider: Provider): OpenAdapter =>
  async (client, options) =>
    (await import("./openai/openai.ts")).openaiAgent(provider)(client, options)

/** The agents that run inside the daemon. */
export const adapters: Readonly<Record<string, OpenAdapter>> = {
  [COMMAND_AGENT]: async (client, options) => (await import("./command/command.ts")).command(client, options),
  demo: async (client, options) => (await import("./demo/demo.ts")).demo(client, options),
  [openaiCompatible.type]: openai(openaiCompatible),
  [cerebras.type]: openai(cerebras),
}

/** All others are processes, of which the catalogue knows how they are started. */
export const adapterOf =
  (type: string, home: string): OpenAdapter =>
  async (client, options) => {
    const inside = adapters[type]
    if (inside) return await inside(client, options)
    const launch = cataloguedAgents(home).profiles[type]?.launch
    if (!launch)
      throw new AgentFailed({
        code: "agent_missing",
        message: `There is no agent "${type}" any more.`,
        hint: "Put it back into agents.json; `agentz agents` lists those there are.",
      })
    const { processAgent } = await import("./process/process-agent.ts")
    return await processAgent(launch)(client, options)
  }
