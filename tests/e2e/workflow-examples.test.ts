/** The examples are what people begin with: each comes to its end with the agent `demo`, in a repository as people have. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import { Installation } from "./installation.ts"

const FOLDER = "examples/workflows"

const GIVEN: Readonly<Record<string, { readonly inputs?: readonly string[]; readonly output: object }>> = {
  "fan-out-over-files": { output: { files: 2, report: "Nothing comes up more than once." } },
  "fix-until-tests-pass": { inputs: ["test=test -f fixed.txt"], output: { fixes: 1 } },
  "nightly-triage": { output: { inspected: ["It is real, and easily mended."] } },
  "plan-implement-review": { output: { verdict: "good", mended: false } },
}

test("every example runs to its end with demo, as the command line starts it", async () => {
  const names = readdirSync(FOLDER).map((name) => name.replace(".yaml", ""))
  expect(names.sort()).toEqual(Object.keys(GIVEN))
  await using agentz = await Installation.open()
  const { workingDir } = agentz
  const git = (...args: string[]) => execFileSync("git", args, { cwd: workingDir, stdio: "ignore" })
  for (const name of ["a.md", "b.md"]) writeFileSync(join(workingDir, name), `# ${name}\n`)
  git("init", "-q", "-b", "main")
  git("add", ".")
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "first")
  await agentz.up()
  const runs = await Promise.all(
    names.map(async (name) => {
      const inputs = (GIVEN[name]?.inputs ?? []).flatMap((input) => ["--input", input])
      const file = resolve(FOLDER, `${name}.yaml`)
      const { code, stdout, stderr } = await agentz.run(["workflow", "run", file, ...inputs, "--json"])
      const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}")
      return { name, code, stderr, event: last.event ?? last }
    }),
  )
  for (const { name, code, stderr, event } of runs) {
    expect({ name, code, stderr }).toMatchObject({ code: 0 })
    expect(event).toMatchObject({ type: "workflow_complete", output: GIVEN[name]?.output })
  }
  expect(existsSync(join(workingDir, "hello.txt"))).toBe(true)
  expect(existsSync(join(workingDir, "fixed.txt"))).toBe(true)
}, 120_000)
