/** Two more tools, which no agent with a model behind it has. */
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { tools } from "../tools/index.ts"
import { defineTool, type Tool } from "../tools/tool.ts"

const ask = defineTool({
  name: "ask",
  description: "Asks for a permission and does nothing with it.",
  kind: "other",
  asks: true,
  input: z.object({ title: z.string() }),
  open: async ({ title }) => ({ title, run: async () => ({ output: `Allowed: ${title}` }) }),
})

/** Long enough for the call itself to be written down: it is how a resumed turn knows that this is behind it. */
const LAST_WORDS_MS = 300

const crash = defineTool({
  name: "crash",
  description: "Kills the process it runs in.",
  kind: "other",
  asks: false,
  input: z.object({}),
  open: async () => ({
    title: "Kill this daemon",
    async run({ signal }) {
      await sleep(LAST_WORDS_MS, undefined, { signal })
      process.kill(process.pid, "SIGKILL")
      return { output: "Still here." }
    },
  }),
})

export const demoTools: ReadonlyMap<string, Tool> = new Map(
  [...tools.values(), ask, crash].map((tool) => [tool.name, tool]),
)
