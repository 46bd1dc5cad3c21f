import { expect, test } from "vitest"
import { TOKEN, testApi } from "../../support/api.ts"

test("a code signs one browser in, once, and leaves a clean address behind", async () => {
  await using api = await testApi()
  const code = api.newCode()
  const first = await api.ask(`/?code=${code}`, { token: false })
  const again = await api.ask(`/?code=${code}`, { token: false })

  expect(first.status).toBe(303)
  expect(first.headers.location).toBe("/")
  expect(first.headers["set-cookie"]).toEqual([
    expect.stringMatching(
      new RegExp(`^agentz_${api.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=\\d+$`),
    ),
  ])
  expect(String(first.headers["set-cookie"])).not.toContain(TOKEN)
  expect(again.status).toBe(401)
  expect(again.headers["set-cookie"]).toBeUndefined()
  expect(again.text).toContain("agentz up")

  const [cookie = ""] = String(first.headers["set-cookie"]).split(";")
  expect((await api.ask("/trpc/agent.agentTypes", { token: false, headers: { cookie } })).status).toBe(200)
  expect((await api.ask("/trpc/agent.agentTypes", { token: false })).status).toBe(401)
})

test("the cookie survives a restart of the API, and only with the same token and port", async () => {
  let cookie = ""
  let port = 0
  {
    await using api = await testApi()
    port = api.port
    const { headers } = await api.ask(`/?code=${api.newCode()}`, { token: false })
    cookie = String(headers["set-cookie"]).split(";")[0] ?? ""
  }
  const config = { host: "127.0.0.1", port }
  const use = { token: false, headers: { cookie } } as const
  {
    await using api = await testApi({ config })
    expect((await api.ask("/trpc/agent.agentTypes", use)).status).toBe(200)
  }
  await using api = await testApi({ config, token: "another-token-0123456789" })
  expect((await api.ask("/trpc/agent.agentTypes", use)).status).toBe(401)
})

test("a code is good for ten minutes", async () => {
  let now = 0
  await using api = await testApi({ now: () => now })
  const [early, late] = [api.newCode(), api.newCode()]
  now = 10 * 60_000 - 1
  expect((await api.ask(`/?code=${early}`, { token: false })).status).toBe(303)
  now = 10 * 60_000
  expect((await api.ask(`/?code=${late}`, { token: false })).status).toBe(401)
})

test("a link preview by HEAD does not use the code up", async () => {
  await using api = await testApi()
  const code = api.newCode()
  await api.ask(`/?code=${code}`, { method: "HEAD", token: false })
  expect((await api.ask(`/?code=${code}`, { token: false })).status).toBe(303)
})

test("only the newest hundred codes are kept", async () => {
  await using api = await testApi()
  const codes = Array.from({ length: 101 }, () => api.newCode())
  expect((await api.ask(`/?code=${codes[0]}`, { token: false })).status).toBe(401)
  expect((await api.ask(`/?code=${codes[1]}`, { token: false })).status).toBe(303)
})

test("whoever has the token gets a code, and a cookie alone does not", async () => {
  await using api = await testApi()
  const given = await api.ask("/api/code", { method: "POST" })
  const code = String(given.json().code)
  const { headers } = await api.ask(`/?code=${code}`, { token: false })
  const cookie = String(headers["set-cookie"]).split(";")[0] ?? ""

  expect(given.status).toBe(200)
  expect(code).toMatch(/^[\w-]{22}$/)
  expect((await api.ask("/api/code", { method: "POST", token: false, headers: { cookie } })).status).toBe(401)
})
