import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, test, vi } from "vitest"
import { identityOf, identityOfChild } from "#daemon/process/identity"
import { killTree, processesOf } from "#daemon/process/tree"

/** A shell whose script has said that it is up. Ended with all that carries its marker. */
async function tree(script: string, env: Readonly<Record<string, string>> = {}) {
  const marker = ["AGENTZ_TEST", crypto.randomUUID()] as const
  const child = spawn("bash", ["-c", `${script}\necho up; wait`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH ?? "", [marker[0]]: marker[1], ...env },
  })
  const root = identityOfChild(child.pid ?? 0)
  if (root === null) throw new Error("no bash on this machine")
  await once(child.stdout, "data")
  return {
    root,
    marker,
    [Symbol.asyncDispose]: async () => void (await killTree({ marker, roots: [root], graceMs: 0 })),
  }
}

test("finds children that left their group and were given to init", async () => {
  await using one = await tree("setsid sleep 300 & (setsid sleep 300 &)")
  await vi.waitFor(() => expect(processesOf({ marker: one.marker })).toHaveLength(3))
  expect(processesOf({ roots: [one.root] }).map(({ pid }) => pid)).toContain(one.root.pid)
})

test("finds children that cleared their environment, by descent and by group", async () => {
  await using one = await tree("env -i sleep 300 & (env -i sleep 300 &)")
  expect(processesOf({ marker: one.marker, roots: [one.root] })).toHaveLength(3)
})

test("finds children that cleared their environment and left their group, while their parent lives", async () => {
  await using one = await tree("env -i setsid sleep 300 &")
  expect(processesOf({ marker: one.marker })).toHaveLength(2)
  expect(await killTree({ marker: one.marker, graceMs: 0 })).toEqual({ found: 2, survivors: [] })
})

test("ends those that end when asked without a kill", async () => {
  await using one = await tree("sleep 300 & sleep 300 &")
  const started = performance.now()
  expect(await killTree({ ...one, roots: [one.root], graceMs: 5_000 })).toEqual({ found: 3, survivors: [] })
  expect(performance.now() - started).toBeLessThan(2_000)
  expect(processesOf({ marker: one.marker })).toEqual([])
})

test("kills those that do not, once their time is up", async () => {
  await using one = await tree("trap '' TERM; sleep 300 & (sleep 300 &)")
  expect(await killTree({ marker: one.marker, graceMs: 100 })).toEqual({ found: 3, survivors: [] })
})

test("kills a process that is stopped", async () => {
  await using one = await tree("sleep 300 & kill -STOP $!")
  expect(await killTree({ marker: one.marker, graceMs: 50 })).toEqual({ found: 2, survivors: [] })
})

test("kills those that are born while it looks", async () => {
  await using one = await tree(
    "trap '' TERM; f() { while true; do sleep 0.01 & wait $!; done; }; f & f & f &",
  )
  expect((await killTree({ marker: one.marker, graceMs: 50 })).survivors).toEqual([])
  expect(processesOf({ marker: one.marker })).toEqual([])
})

test("spares everybody else, itself and its parents above all", async () => {
  await using one = await tree("sleep 300 &")
  await using other = await tree("sleep 300 &")
  const ours = [process.pid, process.ppid].map(identityOf).filter((identity) => identity !== null)
  await killTree({ marker: one.marker, roots: [one.root, ...ours], graceMs: 100 })
  expect(processesOf({ marker: other.marker })).toHaveLength(2)
  expect(identityOf(process.ppid)).not.toBeNull()
})

test("an environment entry matches whole, not by its beginning", async () => {
  await using one = await tree("")
  const [name, value] = one.marker
  expect(processesOf({ marker: [name, value.slice(0, -1)] })).toEqual([])
  expect(processesOf({ marker: [name.slice(1), value] })).toEqual([])
})

test("a root whose number was given to somebody else is not taken for it", async () => {
  await using other = await tree("sleep 300 &")
  const before = { ...other.root, startTime: "1" }
  const ofAnotherBoot = { ...other.root, bootId: "another" }
  expect(processesOf({ roots: [before, ofAnotherBoot] })).toEqual([])
  await killTree({ roots: [before, ofAnotherBoot], graceMs: 0 })
  expect(processesOf({ marker: other.marker })).toHaveLength(2)
})
