/** What an agent's command can reach of agentz's home, tried from inside. */
import { execFile, spawn } from "node:child_process"
import { chmod, chown, mkdir, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { expect, test } from "vitest"
import { openEnclosure } from "#daemon/process/enclosure"
import { whyHomeIsSeen, withHiddenHome } from "#daemon/process/hidden-home"
import { ISOLATIONS } from "#daemon/process/isolation"
import { newSessionId } from "#streams/ids"
import { tempDir } from "../../support/temp-dir.ts"

/** Tests may run as root, from whom nothing can be hidden: then a plain user tries. */
const USER = 12_345
const asUser = (argv: readonly string[]): readonly string[] =>
  process.getuid?.() === 0
    ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--", ...argv]
    : argv

const run = (argv: readonly string[]): Promise<string> => {
  const [program = "", ...args] = asUser(argv)
  return new Promise((resolve) =>
    execFile(program, args, { cwd: "/", timeout: 20_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    ),
  )
}

/** A home with a token, and a process of the same user that knows it. */
async function ground() {
  const outer = await tempDir()
  const home = join(outer.path, "home")
  const work = join(outer.path, "work")
  await chmod(outer.path, 0o755)
  for (const dir of [home, work]) await mkdir(dir, { mode: 0o700 })
  await writeFile(join(home, "token"), "secret-token", { mode: 0o600 })
  if (process.getuid?.() === 0)
    for (const path of [home, work, join(home, "token")]) await chown(path, USER, USER)
  const [program = "", ...args] = asUser(["sleep", "60"])
  const outside = spawn(program, args, { env: { ...process.env, KNOWN: "secret-token" }, stdio: "ignore" })
  return {
    home,
    work,
    outside: outside.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => outside.once("exit", resolve))
      outside.kill("SIGKILL")
      await gone
      await outer[Symbol.asyncDispose]()
    },
  }
}

const possible = await (async () => {
  await using at = await ground()
  const tried = await run([...withHiddenHome(at.home, ["echo", "in"])])
  return tried === "in\n"
})()

test.skipIf(!possible)("a command sees an empty home, by whatever way it looks", async () => {
  await using at = await ground()
  const { home, outside } = at
  const ways = [
    `cat ${home}/token`,
    `ls -A ${home}`,
    `umount ${home}; cat ${home}/token`,
    `mount --bind / ${home}; cat ${home}/token`,
    `unshare --user --map-root-user --mount sh -c 'umount ${home}; cat ${home}/token'`,
    `nsenter --target ${outside} --mount --preserve-credentials cat ${home}/token`,
    `nsenter --target ${outside} --user --mount --preserve-credentials cat ${home}/token`,
    `cat /proc/${outside}/root${home}/token`,
    `cat /proc/${outside}/cwd${home}/token`,
    `tr '\\0' '\\n' < /proc/${outside}/environ`,
    `dd if=/proc/${outside}/mem bs=1 count=1 skip=4194304`,
    `ln ${home}/token ${at.work}/token; cat ${at.work}/token`,
  ]
  for (const way of ways) {
    expect(await run([...withHiddenHome(home, ["/bin/sh", "-c", way])]), way).not.toContain("secret-token")
  }
  // The same look from outside finds it: these ways do lead there.
  for (const way of [ways[0], ways[7], ways[9]])
    expect(await run(["/bin/sh", "-c", way ?? ""]), way).toContain("secret-token")
})

test.skipIf(!possible)(
  "a command cannot put anything into the home, and works elsewhere as before",
  async () => {
    await using at = await ground()
    const inside = (line: string) => run([...withHiddenHome(at.home, ["/bin/sh", "-c", line, "sh", "a b"])])
    expect(await inside(`echo planted > ${at.home}/token`)).toContain("Read-only")
    expect(await readdir(at.home)).toEqual(["token"])
    expect(await inside(`echo "$1" > ${at.work}/file; cat ${at.work}/file`)).toBe("a b\n")
    expect(await inside("grep -h Cap /proc/self/status | grep -v '\\b0*$'")).toBe("")
    expect(await inside("exit 3; echo")).toBe("")
    expect(await inside("id -u")).toBe(await run(["id", "-u"]))
  },
)

test.skipIf(!possible)("an agent's process sees what it is made of, and its own directory", async () => {
  await using at = await ground()
  const [read, write] = [join(at.home, "adapters"), join(at.home, "sessions", "one", "agent")]
  for (const dir of [read, write]) await run(["mkdir", "-p", "-m", "0700", dir])
  await run(["/bin/sh", "-c", `echo 'echo runs' > ${read}/program; chmod 700 ${read}/program`])
  const inside = (line: string) => run([...withHiddenHome(at.home, ["/bin/sh", "-c", line], { read, write })])
  expect(await inside(`${read}/program`)).toBe("runs\n")
  expect(await inside(`echo kept > ${write}/state; cat ${write}/state`)).toBe("kept\n")
  expect(await run(["cat", join(write, "state")])).toBe("kept\n")
  expect(await inside(`echo x >> ${read}/program`)).toContain("Read-only")
  expect(await inside(`cat ${at.home}/token`)).not.toContain("secret-token")
  expect(await inside(`ls -A ${at.home} ${at.home}/sessions/one`)).not.toContain("token")
  expect(await inside(`echo x > ${at.home}/sessions/one/planted`)).toContain("Read-only")
})

test("whether it can be done is found out by doing it, and root is told that it cannot", async () => {
  await using at = await ground()
  expect(whyHomeIsSeen(at.home, 0)).toContain("root")
  if (process.getuid?.() !== 0) expect(whyHomeIsSeen(at.home)).toBe(possible ? null : expect.any(String))
})

test.skipIf(!possible).each(ISOLATIONS)(
  "what a session starts sees no home, confined by %s",
  async (wanted) => {
    await using dir = await tempDir()
    await writeFile(join(dir.path, "token"), "secret-token", { mode: 0o600 })
    const sessionId = newSessionId()
    const enclosure = openEnclosure({ home: dir.path, sessionId, epoch: 1, wanted, hidesHome: true })
    const line = `cat ${dir.path}/token; ls -A ${dir.path}; echo "$AGENTZ_SESSION"; cat`
    const { stdout, stderr, stdin, end } = await enclosure.launch({
      name: "call",
      argv: ["/bin/sh", "-c", line],
      cwd: "/",
      env: { PATH: process.env.PATH ?? "" },
      stdin: "pipe",
    })
    const said = text(stdout)
    stderr.resume()
    stdin?.end("and hears\n")
    expect(await said).toBe(`${sessionId}\nand hears\n`)
    await end(0)
    await enclosure.end(0)
  },
)
