/** What agentz makes is its user's alone, and what it knows is not where others look. */
import { spawn } from "node:child_process"
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Installation, PROGRAM } from "./installation.ts"

interface Entry {
  readonly path: string
  readonly mode: number
  readonly isDirectory: boolean
}

const everythingIn = (dir: string): Entry[] =>
  [dir, ...readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => join(dir, name))].map(
    (path) => {
      const stat = lstatSync(path)
      return { path, mode: stat.mode & 0o777, isDirectory: stat.isDirectory() }
    },
  )

test("under umask 000 every file of the home is its user's alone, those of daemons and streams, too", async () => {
  await using agentz = await Installation.open()
  const before = process.umask(0)
  try {
    await agentz.up()
    const sessionId = await agentz.spawn("[[write path=a.txt content=a]] [[slow n=1000 ms=50]]")
    await agentz.until(sessionId, "streaming", ({ items }) => items.length > 1)
  } finally {
    process.umask(before)
  }
  const all = everythingIn(agentz.home)
  expect(all.length).toBeGreaterThan(8)
  const open = all.filter(({ mode, isDirectory }) => mode !== (isDirectory ? 0o700 : 0o600))
  expect(open.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([])
})

test("a home that others can enter, or that is another's, is refused with the command that helps", async () => {
  await using agentz = await Installation.open()
  mkdirSync(agentz.home, { mode: 0o755 })
  chmodSync(agentz.home, 0o755)
  const readable = await agentz.run(["up", "--json"])
  expect(readable.code).toBe(78)
  expect(JSON.parse(readable.stderr).error).toMatchObject({
    reason: "unsafe_home",
    message: expect.stringContaining(`chmod 700 ${agentz.home}`),
  })
  chmodSync(agentz.home, 0o700)
  if (process.getuid?.() === 0) {
    chownSync(agentz.home, 12_345, 12_345)
    const foreign = await agentz.run(["up", "--json"])
    chownSync(agentz.home, 0, 0)
    expect(foreign.code).toBe(78)
    expect(JSON.parse(foreign.stderr).error.message).toContain("belongs to user 12345")
  }
  expect(readdirSync(agentz.home)).toEqual([])
})

const CANARY = "canary-5f0e9d"

test("no key and no token is in an argument list, a log or a file but those that are for it", async () => {
  await using agentz = await Installation.open({
    OPENAI_API_KEY: `${CANARY}-openai`,
    CEREBRAS_API_KEY: `${CANARY}-cerebras`,
    AGENTZ_TOKEN: `${CANARY}-token-0123456789`,
    AGENTZ_STREAMS_TOKEN: `${CANARY}-streams-0123456789`,
    SOME_SECRET: `${CANARY}-other`,
  })
  await agentz.up()
  const sessionId = await agentz.spawn('[[bash cmd="env; sleep 30"]]')
  await agentz.until(sessionId, "running a command", ({ items }) =>
    items.some((item) => item.type === "tool" && item.output.includes("AGENTZ_SESSION")),
  )
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readOrNothing(`/proc/${pid}/cmdline`))
  expect(lines.filter((line) => line.includes(CANARY))).toEqual([])
  const told = JSON.stringify(await agentz.events(sessionId))
  expect(told).not.toContain(CANARY)

  const holding = everythingIn(agentz.home)
    .filter(({ path, isDirectory }) => !isDirectory && readFileSync(path).includes(CANARY))
    .map(({ path }) => path.slice(agentz.home.length + 1))
  // Where the stream server is, and by which token it is reached: for the daemons alone.
  expect(holding.filter((path) => path !== "run/streams.json")).toEqual([])
})

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return "" // It has ended.
  }
}

test.skipIf(process.getuid?.() !== 0)(
  "another user of the machine neither reads the home nor gets in",
  async () => {
    await using agentz = await Installation.open()
    const up = await agentz.up()
    const sessionId = await agentz.spawn("[[slow n=1000 ms=50]]")
    await agentz.until(sessionId, "running", ({ status }) => status === "running")
    const { pid } = agentz.daemon(sessionId)
    const tries = [
      `cat ${agentz.home}/token`,
      `ls ${agentz.home}`,
      `cat /proc/${up.pid}/environ`,
      `cat /proc/${pid}/environ`,
      `cat /proc/${pid}/root${agentz.home}/token`,
      `AGENTZ_HOME=${agentz.home} node ${PROGRAM} ls`,
      `kill -9 ${pid}`,
    ]
    for (const line of tries) {
      const child = spawn("setpriv", ["--reuid=12345", "--regid=12345", "--clear-groups", "sh", "-c", line], {
        env: { PATH: process.env.PATH },
        stdio: ["ignore", "pipe", "ignore"],
      })
      let said = ""
      child.stdout.on("data", (chunk) => {
        said += chunk
      })
      const code = await new Promise((done) => child.once("close", done))
      expect(code, line).not.toBe(0)
      expect(said, line).not.toContain(up.token)
    }
    expect((await agentz.session(sessionId)).status).toBe("running")
  },
)
