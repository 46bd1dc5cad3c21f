/**
 * As in a container: a world of processes of its own, which ends as a whole when its first process does. Nothing in it
 * survives that; what is promised is that every session says the truth afterwards.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { parseStat } from "#daemon/process/identity"
import { wait } from "#streams/transport"
import { Installation, killHard, PROGRAM, type Ready, saidIn } from "./installation.ts"

const isRoot = process.getuid?.() === 0 && process.platform === "linux"
if (!isRoot) console.log("left out: a world of processes of its own takes root on Linux")

/** `shell`: process 1 is one that reaps, as with `docker run --init`. `none`: agentz itself is process 1. */
type Init = "shell" | "none"

/** Disposing it ends process 1, and with it everything. */
interface Container extends AsyncDisposable {
  readonly ready: Ready
  readonly stderr: () => string
}

async function startIn(agentz: Installation, init: Init): Promise<Container> {
  const up = [process.execPath, PROGRAM, "up", "--json"]
  const first = init === "none" ? up : ["/bin/sh", "-c", `"$@" & wait; exit 0`, "sh", ...up]
  const world = ["--pid", "--fork", "--kill-child", "--mount-proc", "--", ...first]
  const child: ChildProcess = spawn("unshare", world, {
    env: agentz.environment(),
    stdio: ["ignore", "pipe", "pipe"],
  })
  let stdout = ""
  let stderr = ""
  child.stderr?.on("data", (chunk) => {
    stderr += chunk
  })
  const line = await new Promise<string>((done, fail) => {
    child.stdout?.on("data", (chunk) => {
      stdout += chunk
      if (stdout.includes("\n")) done(stdout)
    })
    child.once("exit", (code) => fail(new Error(`The container ended with ${code}: ${stderr}`)))
  })
  return { ready: JSON.parse(line), stderr: () => stderr, [Symbol.asyncDispose]: () => killHard(child) }
}

/** Dead processes below this one that nobody has waited for. */
function zombiesBelow(pid: number): number {
  const all = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = parseStat(readFileSync(`/proc/${name}/stat`, "utf8"))
      return stat === null ? [] : [{ pid: Number(name), ...stat }]
    } catch {
      return [] // It has ended since it was listed.
    }
  })
  const below = new Set([pid])
  for (let size = 0; size !== below.size; ) {
    size = below.size
    for (const one of all) if (below.has(one.parent)) below.add(one.pid)
  }
  return all.filter((one) => below.has(one.pid) && one.state === "Z").length
}

/** Sessions that were at work, or done, when their container was killed. */
async function killedAtWork(agentz: Installation) {
  await using container = await startIn(agentz, "shell")
  const { agent } = agentz.client(container.ready)
  const spawnOne = async (prompt: string) => {
    const request = {
      agentType: "demo",
      prompt,
      workingDir: agentz.workingDir,
      permissionMode: "bypass" as const,
    }
    return (await agent.spawn.mutate(request)).sessionId
  }
  const running = await spawnOne("[[slow n=60 ms=40]] [[say text=through]]")
  const tool = await spawnOne('[[bash cmd="sleep 300"]]')
  const done = await spawnOne("[[say text=done]]")
  await agentz.until(running, "streaming", (session) => saidIn(session).includes("chunk 5/"))
  await agentz.until(tool, "at work", ({ items }) => items.some(({ type }) => type === "tool"))
  await agentz.until(done, "completed", ({ status }) => status === "completed")
  return { running, tool, done }
}

test.runIf(isRoot)(
  "when a container is killed its sessions are told to be interrupted at the next start, and go on",
  async () => {
    await using agentz = await Installation.open()
    const { running, tool, done } = await killedAtWork(agentz)
    // Numbers of processes begin anew: those in the run files are others' by now.
    await using second = await startIn(agentz, "shell")
    for (const sessionId of [running, tool])
      await agentz.until(sessionId, "true", ({ status }) => status === "interrupted", 10_000)
    expect((await agentz.session(done)).status).toBe("completed")
    await agentz.client(second.ready).agent.resume.mutate({ sessionId: running })
    const session = await agentz.until(running, "through", ({ status }) => status === "completed", 60_000)
    expect(saidIn(session)).toContain("through")
  },
)

test.runIf(isRoot)(
  "with a reaper nothing dead stays in a container; without one agentz says so",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
    for (const init of ["shell", "none"] as const) {
      await using container = await startIn(agentz, init)
      const { agent } = agentz.client(container.ready)
      // Nobody in the container is the parent of what such a command leaves.
      const prompt = "[[bash cmd=\"(setsid sh -c 'sleep 0.1' &) ; (sleep 0.1 &) ; true\"]]"
      const { sessionId } = await agent.spawn.mutate({
        agentType: "demo",
        prompt,
        workingDir: agentz.workingDir,
        permissionMode: "bypass",
      })
      await agentz.until(
        sessionId,
        "parked",
        ({ status, daemon }) => status === "completed" && daemon === null,
      )
      if (init === "shell")
        for (const limit = performance.now() + 10_000; zombiesBelow(process.pid) > 0; await wait(50))
          if (performance.now() > limit) throw new Error("Dead processes stay.")
      expect(container.stderr().includes("--init")).toBe(init === "none")
    }
  },
)
