import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { headers, spawnServer } from "./streams-process.ts"

const canMount = process.getuid?.() === 0 && process.platform === "linux"

/** A file system of its own, small enough to fill. */
function smallDisk(size: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "agentz-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", path])
  return {
    path,
    [Symbol.dispose]() {
      execFileSync("umount", ["-l", path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

test.skipIf(!canMount)(
  "on a full disk writes get 507, reads go on, and writes resume without a restart",
  async () => {
    using disk = smallDisk("24m")
    const server = await spawnServer(join(disk.path, "data"))
    const ballast = join(disk.path, "ballast")
    const acknowledged: number[] = []
    try {
      const stream = `${server.url}/s`
      await fetch(stream, { method: "PUT", headers })
      const append = async (n: number) => {
        const body = Buffer.alloc(10_000, n % 251)
        body.writeUInt32BE(n, 0)
        const { status } = await fetch(stream, { method: "POST", headers, body })
        if (status === 204) acknowledged.push(n)
        return status
      }
      const stored = async () => {
        const found: number[] = []
        for (let offset = "-1"; ; ) {
          const answer = await fetch(`${stream}?offset=${offset}`, { headers })
          expect(answer.status).toBe(200)
          const part = Buffer.from(await answer.arrayBuffer())
          for (let at = 0; at < part.length; at += 10_000) found.push(part.readUInt32BE(at))
          offset = answer.headers.get("stream-next-offset") ?? ""
          if (answer.headers.get("stream-up-to-date")) return found
        }
      }
      let n = 0
      for (let round = 0; round < 5; round++) {
        expect(await append(n++)).toBe(204)
        fillUp(ballast)
        let status = 204
        for (let tries = 0; tries < 2000 && status === 204; tries++) status = await append(n++)
        expect(status).toBe(507)
        expect(await stored()).toEqual(acknowledged)
        rmSync(ballast)
        expect(await append(n++)).toBe(204)
      }
      expect(await stored()).toEqual(acknowledged)
      expect(server.process.exitCode).toBeNull()

      fillUp(ballast)
      while ((await append(n++)) !== 507);
      expect((await fetch(stream, { method: "DELETE", headers })).status).toBe(204)
    } finally {
      await server.kill()
    }
  },
)

function fillUp(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(65_536), { flag: "a" })
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" })
  }
}
