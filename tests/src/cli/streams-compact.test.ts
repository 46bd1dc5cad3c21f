import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { compactStreams } from "#src/stream-server"
import { serveStreams } from "#streams/engine/server"
import { bench } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const headers = { authorization: "Bearer t", "content-type": "application/json" }

const ofRealStore = (home: string) => bench(home, {}, { compactStreams })

/** A store that holds one stream, and the space of another that was deleted. */
async function withFreeSpace(dataDir: string): Promise<void> {
  await using server = await serveStreams({ dataDir, token: "t" })
  for (const name of ["kept", "gone"]) await fetch(`${server.url}/${name}`, { method: "PUT", headers })
  const body = JSON.stringify("x".repeat(500_000))
  for (let n = 0; n < 8; n++) await fetch(`${server.url}/gone`, { method: "POST", headers, body })
  await fetch(`${server.url}/kept`, { method: "POST", headers, body: '{"n":1}' })
  await fetch(`${server.url}/gone`, { method: "DELETE", headers })
  for (;;) {
    const metrics = await fetch(new URL("/metrics", server.url), { headers })
    if (/^agentz_streams_trash 0$/m.test(await metrics.text())) return
  }
}

test("streams --compact gives the space of deleted streams back, and says how much", async () => {
  await using home = await tempDir()
  const dataDir = join(home.path, "streams")
  await withFreeSpace(dataDir)
  const size = statSync(join(dataDir, "data.mdb")).size

  const { code, out } = await ofRealStore(home.path).cli(["streams", "--compact", "--json"])
  const said = JSON.parse(out)
  expect(code).toBe(0)
  expect(said).toEqual({ dataDir, before: size, after: statSync(join(dataDir, "data.mdb")).size })
  expect(said.before - said.after).toBeGreaterThan(3_000_000)

  const again = await ofRealStore(home.path).cli(["streams", "--compact", "--data", dataDir])
  expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d MB given back/) })

  await using server = await serveStreams({ dataDir, token: "t" })
  expect(await (await fetch(`${server.url}/kept?offset=-1`, { headers })).json()).toEqual([{ n: 1 }])
  expect((await fetch(`${server.url}/gone`, { headers })).status).toBe(404)
})

test("streams --compact names the process that serves the directory", async () => {
  await using home = await tempDir()
  const dataDir = join(home.path, "streams")
  await using _ = await serveStreams({ dataDir, token: "t" })
  const { code, out, err } = await ofRealStore(home.path).cli(["streams", "--compact", "--json"])
  expect({ code, out }).toEqual({ code: 1, out: "" })
  expect(JSON.parse(err)).toMatchObject({
    error: { reason: "data_dir_busy", message: expect.stringContaining(`process ${process.pid}`) },
  })
})

test("streams --compact makes no directory where there is none, and serves nothing", async () => {
  await using home = await tempDir()
  const dataDir = join(home.path, "elsewhere")
  const { cli } = ofRealStore(home.path)
  expect(await cli(["streams", "--compact", "--data", dataDir])).toMatchObject({
    code: 0,
    out: `There are no streams in ${dataDir}.\n`,
  })
  expect(existsSync(dataDir)).toBe(false)
  expect(await cli(["streams", "--compact", "--port", "0"])).toMatchObject({
    code: 64,
    err: expect.stringContaining("leave --port and --insecure out"),
  })
})
