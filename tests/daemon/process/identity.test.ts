import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { expect, test, vi } from "vitest"
import { identityOf, isSame, parseStat, signal } from "#daemon/process/identity"

const sleeper = () => {
  const child = spawn("sleep", ["300"], { stdio: "ignore" })
  const { pid } = child
  if (pid === undefined) throw new Error("no sleep on this machine")
  return { child, pid, [Symbol.dispose]: () => void child.kill("SIGKILL") }
}

test("a process is itself for as long as it lives", async () => {
  using one = sleeper()
  const identity = identityOf(one.pid)
  expect(identity).toMatchObject({ pid: one.pid })
  if (!identity) return
  expect(isSame(identity)).toBe(true)
  one.child.kill("SIGKILL")
  await once(one.child, "exit")
  expect(isSame(identity)).toBe(false)
  expect(identityOf(one.pid)).toBeNull()
})

test("the same number at another time or after another boot is somebody else, and is not signalled", () => {
  using one = sleeper()
  const identity = identityOf(one.pid)
  if (!identity) throw new Error("no identity")
  for (const other of [
    { ...identity, startTime: "1" },
    { ...identity, bootId: "another" },
  ]) {
    expect(isSame(other)).toBe(false)
    expect(signal(other, "SIGKILL")).toBe(false)
  }
  expect(isSame(identity)).toBe(true)
  expect(signal(identity, "SIGKILL")).toBe(true)
})

const stateOf = (pid: number) =>
  execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).slice(0, 1)

test("a zombie is dead", async () => {
  // What the shell becomes never waits for the child that the shell began.
  const script = "sleep 0.05 & echo $!; exec sleep 300"
  const parent = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] })
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer]
    const pid = Number(line.toString())
    await vi.waitFor(() => expect(stateOf(pid)).toBe("Z"))
    expect(identityOf(pid)).toBeNull()
  } finally {
    parent.kill("SIGKILL")
  }
})

test.each([0, -1, 1.5, Number.NaN, 2 ** 31])("nobody has the process id %s", (pid) => {
  expect(identityOf(pid)).toBeNull()
})

test("a process may have brackets and spaces in its name", () => {
  const fields = Array.from({ length: 30 }, (_, index) => String(index + 4))
  expect(parseStat(`77 (a) b (c)) S ${fields.join(" ")}`)).toEqual({
    state: "S",
    parent: 4,
    group: 5,
    startTime: "22",
  })
  expect(parseStat("")).toBeNull()
})
