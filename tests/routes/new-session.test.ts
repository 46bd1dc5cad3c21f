import { expect, test } from "vitest"
import { addressOf, fieldOf, type NewSession, requestOf } from "../../routes/-app/new-session.ts"
import { Refusal, refusalOf } from "../../routes/-app/refusal.ts"

const form: NewSession = {
  ...{ prompt: " tidy up ", dir: " /srv/site ", agent: "demo", model: "", mode: "ask", limits: "", mcp: "" },
  ...{ worktree: false, branch: "" },
  attached: [],
}

test("a form that says little asks for little", async () => {
  expect(await requestOf(form)).toEqual({
    agentType: "demo",
    prompt: " tidy up ",
    permissionMode: "ask",
    workingDir: "/srv/site",
  })
})

test("limits and MCP servers are written as at the command line", async () => {
  const mcp = '{"mcpServers": {"notes": {"command": "notes"}, "web": {"url": "https://x.example/mcp"}}}'
  expect(await requestOf({ ...form, limits: "memory=2g minutes=30", mcp })).toMatchObject({
    limits: { memoryMb: 2048, minutes: 30 },
    mcpServers: [
      { type: "stdio", name: "notes", command: "notes" },
      { type: "http", name: "web", url: "https://x.example/mcp" },
    ],
  })
})

test.each([
  [{ limits: "memory=lots" }, "limits"],
  [{ mcp: "[]" }, "mcp"],
  [{ mcp: '{"mcpServers": {"a": 1}}' }, "mcp"],
] as const)("what cannot be read is said at its field: %j", async (wrong, field) => {
  const error = await requestOf({ ...form, ...wrong }).catch(refusalOf)
  expect(error).toBeInstanceOf(Refusal)
  expect(fieldOf(error as Refusal)).toBe(field)
})

test("what the server refuses is said at its field", () => {
  const refused = (reason: string, message = "") => fieldOf(new Refusal("refused", message, reason))
  expect(refused("working_dir_missing")).toBe("dir")
  expect(refused("mcp_not_taken")).toBe("mcp")
  expect(refused("invalid_input", "The input is not usable: mcpServers.0.env: no.")).toBe("mcp")
  expect(refused("storage_full")).toBeUndefined()
})

test("an address of the form holds no MCP servers", () => {
  const address = new URL(addressOf({ ...form, mcp: "s3cret", limits: "cost=5" }, "http://127.0.0.1"))
  expect(Object.fromEntries(address.searchParams)).toEqual({
    ...{ dir: "/srv/site", agent: "demo", limits: "cost=5", prompt: "tidy up" },
  })
})
