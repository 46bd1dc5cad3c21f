import { expect, test } from "vitest"
import { catalogue } from "#daemon/agents/catalogue"
import { adapters } from "#daemon/agents/index"
import { COMMAND_AGENT } from "#streams/workflow/program"

const needsOf = async (type: string, env: Record<string, string>) =>
  (await catalogue[type]?.preflight(env, "/nowhere"))?.needs

test("every agent of the catalogue runs inside the daemon or says how it is started", () => {
  const outside = Object.keys(catalogue).filter((type) => catalogue[type]?.launch !== undefined)
  const inside = Object.keys(adapters).filter((type) => type !== COMMAND_AGENT)
  expect([...inside, ...outside].sort()).toEqual(Object.keys(catalogue).sort())
  for (const [type, profile] of Object.entries(catalogue)) expect(profile.type).toBe(type)
})

test("what runs the command of a step is offered to nobody", () => {
  expect(adapters[COMMAND_AGENT]).toBeDefined()
  expect(catalogue[COMMAND_AGENT]).toBeUndefined()
})

test("the demo agent needs nothing", async () => {
  expect(await needsOf("demo", {})).toEqual([])
})

test.each([
  ["cerebras", {}, "Set CEREBRAS_API_KEY to a key of Cerebras."],
  [
    "openai-compatible",
    {},
    "Set OPENAI_API_KEY, or set OPENAI_BASE_URL to a server on this machine, which needs no key.",
  ],
  ["openai-compatible", { OPENAI_BASE_URL: "https://models.example/v1" }, "Set OPENAI_API_KEY, or"],
  ["openai-compatible", { OPENAI_BASE_URL: "http://127.evil.example/v1" }, "Set OPENAI_API_KEY, or"],
  ["openai-compatible", { OPENAI_BASE_URL: "localhost:11434" }, "Set OPENAI_BASE_URL to a URL"],
])("%s with %o names what is missing and its remedy", async (type, env, sentence) => {
  const needs = await needsOf(type, env)
  expect(needs).toHaveLength(1)
  expect(needs?.[0]).toContain(sentence)
})

test.each([
  ["cerebras", { CEREBRAS_API_KEY: "csk" }],
  ["openai-compatible", { OPENAI_API_KEY: "sk" }],
  ["openai-compatible", { OPENAI_BASE_URL: "http://localhost:11434/v1" }],
  ["openai-compatible", { OPENAI_BASE_URL: "http://127.0.0.1:8000/v1" }],
  ["openai-compatible", { OPENAI_BASE_URL: "http://[::1]:8000/v1" }],
])("%s with %o can run", async (type, env) => {
  expect(await needsOf(type, env)).toEqual([])
})
