import { mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { testApi } from "../../support/api.ts"
import { tempDir } from "../../support/temp-dir.ts"

async function builtUi() {
  const outside = await tempDir()
  const uiDir = join(outside.path, "ui")
  await mkdir(join(uiDir, "assets"), { recursive: true })
  await writeFile(join(outside.path, "secret.txt"), "secret")
  await writeFile(join(uiDir, "index.html"), "<!doctype html>the page")
  await writeFile(join(uiDir, "assets", "main-a1B2c3_4.js"), "plain script")
  await writeFile(join(uiDir, "assets", "main-a1B2c3_4.js.br"), "brotli")
  await writeFile(join(uiDir, "assets", "main-a1B2c3_4.js.gz"), "gzip")
  await writeFile(join(uiDir, "icon.svg"), "<svg/>")
  await writeFile(join(uiDir, "empty.txt"), "")
  await symlink(join(outside.path, "secret.txt"), join(uiDir, "link.txt"))
  return { uiDir, [Symbol.asyncDispose]: () => outside[Symbol.asyncDispose]() }
}
const page = { token: false, headers: { accept: "text/html" } } as const

test("the page is fresh each time and the hashed files are kept for ever", async () => {
  await using ui = await builtUi()
  await using api = await testApi(ui)
  const index = await api.ask("/", page)
  const script = await api.ask("/assets/main-a1B2c3_4.js", { token: false })
  const icon = await api.ask("/icon.svg", { token: false })

  expect(index).toMatchObject({ status: 200, text: "<!doctype html>the page" })
  expect(index.headers).toMatchObject({
    "cache-control": "no-cache",
    "content-type": "text/html; charset=utf-8",
  })
  expect(script.text).toBe("plain script")
  expect(script.headers).toMatchObject({
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": "text/javascript; charset=utf-8",
    vary: "accept-encoding",
  })
  expect(icon.headers["cache-control"]).toBe("no-cache")
  const again = await api.ask("/", {
    ...page,
    headers: { ...page.headers, "if-none-match": String(index.headers.etag) },
  })
  expect(again).toMatchObject({ status: 304, text: "" })
  expect((await api.ask("/empty.txt", { token: false })).text).toBe("")
})

test.each([
  ["br, gzip", "br", "brotli"],
  ["gzip", "gzip", "gzip"],
  ["br;q=0, gzip;q=0.5", "gzip", "gzip"],
  ["", undefined, "plain script"],
])("with accept-encoding “%s” a file is sent as %s", async (accepted, encoding, text) => {
  await using ui = await builtUi()
  await using api = await testApi(ui)
  const answer = await api.ask("/assets/main-a1B2c3_4.js", { headers: { "accept-encoding": accepted } })

  expect(answer.text).toBe(text)
  expect(answer.headers["content-encoding"]).toBe(encoding)
  expect(answer.headers["content-type"]).toBe("text/javascript; charset=utf-8")
})

test("an address that the router of the page knows gets the page; a missing file does not", async () => {
  await using ui = await builtUi()
  await using api = await testApi(ui)

  expect((await api.ask("/sessions/ses_abc", page)).text).toContain("the page")
  expect((await api.ask("/sessions/ses_abc", { token: false })).status).toBe(404)
  expect((await api.ask("/assets/gone-12345678.js", page)).status).toBe(404)
  expect((await api.ask("/assets/main-a1B2c3_4.js.br", page)).status).toBe(404)
})

test("nothing outside the built page can be reached, by dots or by a link", async () => {
  await using ui = await builtUi()
  await using api = await testApi(ui)
  for (const path of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/link.txt",
    "/assets",
    "/..%2fsecret.txt",
  ]) {
    const answer = await api.ask(path, { token: false })
    expect([400, 404]).toContain(answer.status)
    expect(answer.text).not.toContain("secret\n")
  }
})

test("a page that was built again is served as it is now", async () => {
  await using ui = await builtUi()
  let now = 0
  const { files } = await import("#src/http/files")
  const { createServer, request } = await import("node:http")
  const serve = files(ui.uiDir, () => now)
  const server = createServer((request, response) => void serve(request, response, { path: "/", search: "" }))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  await using _ = { [Symbol.asyncDispose]: async () => void server.close() }
  const { port } = server.address() as import("node:net").AddressInfo
  const get = () =>
    new Promise<string>((resolve) => {
      request({ port, host: "127.0.0.1", agent: false }, async (answer) => {
        let text = ""
        for await (const chunk of answer) text += String(chunk)
        resolve(text)
      }).end()
    })

  expect(await get()).toContain("the page")
  await writeFile(join(ui.uiDir, "index.html"), "<!doctype html>a longer page, built again")
  now += 2000
  expect(await get()).toBe("<!doctype html>a longer page, built again")
})
