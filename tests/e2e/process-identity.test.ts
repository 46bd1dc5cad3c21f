/** Numbers of processes are used again, and a session is held by one daemon: whoever is signalled is the very one. */
import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import { writeRunFile } from "#daemon/run-file"
import { tempDir } from "../support/temp-dir.ts"
import { Installation, killHard } from "./installation.ts"

const isRoot = process.getuid?.() === 0 && process.platform === "linux"
if (!isRoot) console.log("skipped: to have a number used again takes root on Linux")

test.runIf(isRoot)(
  "a process that got the number of one that ended is neither believed nor signalled",
  () => {
    const program = resolve("tests/e2e/pid-reuse-program.mjs")
    const world = ["--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, program]
    const said = execFileSync("unshare", world, { encoding: "utf8" })
    expect(JSON.parse(said)).toEqual({
      reused: true,
      believed: false,
      signalled: false,
      found: 0,
      spared: true,
    })
  },
)

const ROUNDS = process.env.AGENTZ_TEST_LONG ? 50 : 8
const CONTENDERS = 8

test(`of ${CONTENDERS} that want to hold a session exactly one does, ${ROUNDS} times, each time its holder was killed`, async () => {
  await using home = await tempDir()
  const contender = async (): Promise<ChildProcess> => {
    const child = fork(resolve("tests/e2e/lock-contender.mjs"), [home.path, "ses_contended"], {
      // As it is built: not with what this test itself was started with.
      execArgv: [],
    })
    await once(child, "message")
    return child
  }
  let contenders = await Promise.all(Array.from({ length: CONTENDERS }, contender))
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(
        contenders.map(async (child) => {
          const answered = once(child, "message") as Promise<[{ readonly held: boolean }]>
          child.send(round)
          const [{ held }] = await answered
          return { child, held }
        }),
      )
      const holders = answers.filter(({ held }) => held)
      expect(holders).toHaveLength(1)
      for (const { child } of holders) {
        await killHard(child)
        contenders = contenders.filter((one) => one !== child)
      }
      contenders.push(await contender())
    }
  } finally {
    await Promise.all(contenders.map(killHard))
  }
}, 120_000)

test("run files of another boot, of a number used again, or of nobody harm nobody and are cleared away", async () => {
  await using agentz = await Installation.open()
  const sessionId = await agentz.spawn("[[say text=hello]]")
  await agentz.until(sessionId, "completed", ({ status }) => status === "completed")
  await agentz.run(["down", "--all"], { cwd: "/" })
  const ours = identityOf(process.pid)
  if (!ours) throw new Error("no identity of our own")
  const { run } = filesOf(agentz.home, sessionId)
  const stale = { sessionId, epoch: 1, incarnation: "stale" }
  for (const named of [
    { ...ours, bootId: "another boot", ...stale },
    { ...ours, startTime: "1", ...stale },
    { ...ours, pid: 2 ** 22 + 1, ...stale },
  ]) {
    writeRunFile(run, named)
    const { stdout } = await agentz.run(["show", sessionId, "--json"])
    expect(JSON.parse(stdout).session.status).toBe("completed")
    expect((await agentz.run(["send", sessionId, "[[say text=again]]"])).code).toBe(0)
    const { turns } = await agentz.session(sessionId)
    await agentz.until(sessionId, "answered", (one) => one.turns >= turns && one.status === "completed")
    await agentz.run(["down", "--all"], { cwd: "/" })
  }
  // Broken ones are not ours to understand.
  writeFileSync(join(agentz.home, "run", "ses_broken.json"), "{")
  expect((await agentz.run(["ls"])).code).toBe(0)
})
