/** How to open each kind of agent. An agent's code is loaded when it is opened, so that a daemon loads one only. */
import type { OpenAdapter } from "./adapter.ts"

export const adapters: Readonly<Record<string, OpenAdapter>> = {
  demo: async (client, options) => (await import("./demo/demo.ts")).demo(client, options),
}
