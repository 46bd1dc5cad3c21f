/** How to open each kind of agent. An agent's code is loaded when it is opened, so that a daemon loads one only. */
import type { OpenAdapter } from "./adapter.ts"
import { cerebras, openaiCompatible, type Provider } from "./openai/provider.ts"

const openai =
  (provider: Provider): OpenAdapter =>
  async (client, options) =>
    (await import("./openai/openai.ts")).openaiAgent(provider)(client, options)

export const adapters: Readonly<Record<string, OpenAdapter>> = {
  demo: async (client, options) => (await import("./demo/demo.ts")).demo(client, options),
  [openaiCompatible.type]: openai(openaiCompatible),
  [cerebras.type]: openai(cerebras),
}
