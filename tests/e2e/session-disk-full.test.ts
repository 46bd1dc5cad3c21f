import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { appendTo, createStream } from "#streams/stream"
import { tempDir } from "../support/temp-dir.ts"
import { gapless, Installation, refusalOf, saidIn } from "./installation.ts"

/** A small file system of its own; only root may mount one. */
async function smallDisk(megabytes: number) {
  const dir = await tempDir()
  const path = join(dir.path, "disk")
  mkdirSync(path)
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "tmpfs", path])
  return {
    path,
    /** Fills it to the last byte. */
    fill() {
      const { bavail, bsize } = statfsSync(path)
      try {
        for (let left = bavail * bsize, n = 0; left > 0; left -= 1 << 20, n++)
          writeFileSync(join(path, `ballast-${n}`), Buffer.alloc(Math.min(left, 1 << 20)))
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error
      }
    },
    free() {
      execFileSync("sh", ["-c", `rm -f ${path}/ballast-*`])
    },
    async [Symbol.asyncDispose]() {
      execFileSync("umount", [path])
      rmSync(path, { recursive: true, force: true })
      await dir[Symbol.asyncDispose]()
    },
  }
}

const asRoot = process.platform === "linux" && process.getuid?.() === 0
if (!asRoot) console.log("left out: a full disk needs root to mount one")

test.runIf(asRoot)(
  "a full disk is said, loses nothing, and the session goes on by itself when there is room",
  async () => {
    await using disk = await smallDisk(48)
    await using agentz = await Installation.open({ AGENTZ_HOME: join(disk.path, "home") })
    const { agent } = agentz.client(await agentz.up())
    const sessionId = await agentz.spawn("[[slow n=150 ms=40]]")
    await agentz.until(sessionId, "streaming", (session) => saidIn(session).includes("chunk 5/"))
    disk.fill()
    // The engine keeps some room of its own: that is used up as well.
    const ballast = "run_ballast/events"
    const filling = async () => {
      await createStream(agentz.endpoint, ballast, { forMs: 0 })
      for (let n = 0; n < 400; n++)
        await appendTo(agentz.endpoint, ballast, ["x".repeat(100_000)], { forMs: 0 })
    }
    await expect(filling()).rejects.toThrow("disk")
    const spawn = agent.spawn.mutate({
      agentType: "demo",
      prompt: "x".repeat(300_000),
      workingDir: agentz.workingDir,
    })
    expect(await refusalOf(spawn)).toMatchObject({
      reason: "storage_full",
      message: expect.stringContaining("space"),
    })
    expect((await agent.getSession.query({ sessionId })).session.sessionId).toBe(sessionId)
    disk.free()
    const session = await agentz.until(sessionId, "completed", ({ status }) => status === "completed", 60_000)
    expect(saidIn(session)).toContain("chunk 150/150")
    expect(gapless(await agentz.events(sessionId))).toBe(true)
  },
)
