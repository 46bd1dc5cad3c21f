import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { headers, spawnServer } from "./streams-process.ts"

const hasStrace = spawnSync("strace", ["-V"]).status === 0
if (!hasStrace) console.log("skipped: the order of system calls is seen with strace, which is not installed")

test.skipIf(!hasStrace)(
  "an append is answered after its pages, the sync and the header page, in that order",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "agentz-trace-"))
    const trace = join(dir, "trace")
    const calls = "fdatasync,fsync,pwrite64,pwritev,writev,write,openat"
    const server = await spawnServer(join(dir, "data"), {
      under: ["strace", "-D", "-f", "-e", `trace=${calls}`, "-s", "16", "-o", trace],
    })
    try {
      await fetch(`${server.url}/s`, { method: "PUT", headers })
      for (let n = 0; n < 5; n++) {
        const before = lines(trace).length
        expect(
          (await fetch(`${server.url}/s`, { method: "POST", headers, body: `record ${n}` })).status,
        ).toBe(204)
        await expect.poll(() => lines(trace).slice(before).some(isAnswer)).toBe(true)
        const all = lines(trace)
        // The header page goes through a descriptor of its own, on which each write is synced.
        const header = all.findLast((line) => line.includes('data.mdb"') && line.includes("O_DSYNC"))
        const descriptor = /= (\d+)$/.exec(header ?? "")?.[1]
        const order = all.slice(before).flatMap((line) => step(line, descriptor))
        expect(order.join(" ")).toMatch(/^(pages )+sync header answer/)
      }
    } finally {
      await server.kill()
      rmSync(dir, { recursive: true, force: true })
    }
  },
)

const lines = (file: string): string[] => readFileSync(file, "utf8").split("\n")

const isAnswer = (line: string): boolean => line.includes('"HTTP/1.1 ')

function step(line: string, header: string | undefined): string[] {
  if (isAnswer(line)) return ["answer"]
  if (/ fdatasync\(/.test(line)) return ["sync"]
  if (header !== undefined && line.includes(` pwrite64(${header},`)) return ["header"]
  return / (pwrite64|pwritev|writev)\(/.test(line) ? ["pages"] : []
}
