import { CANARY, describeInstalledAgent } from "../conformance/installed-agent.ts"
import { bin, packages } from "./cache.mjs"

describeInstalledAgent({
  type: "opencode",
  title: "OpenCode",
  versions: { opencode: packages.opencode.version },
  process: true,
  env: ({ url }) => ({
    PATH: `${bin("opencode")}:${process.env.PATH}`,
    OPENAI_API_KEY: CANARY,
    OPENCODE_CONFIG_CONTENT: JSON.stringify({
      model: "fake/fake-model",
      small_model: "fake/fake-model",
      enabled_providers: ["fake"],
      provider: {
        fake: {
          npm: "@ai-sdk/openai-compatible",
          options: { baseURL: `${url}/v1`, apiKey: "{env:OPENAI_API_KEY}" },
          models: {
            "fake-model": {
              tool_call: true,
              limit: { context: 128_000, output: 8_192 },
              cost: { input: 1, output: 2 },
            },
          },
        },
      },
    }),
  }),
  remarks: { cut: "a start of under 32 letters, which it says again untold, is shown twice" },
  mcpTool: (name) => `agentz_${name}`,
  noteTool: "agentz-notes_checkpoint",
  asks: (command) => `[[bash cmd=${JSON.stringify(command)}]]`,
})
