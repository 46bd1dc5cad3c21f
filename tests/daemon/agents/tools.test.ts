import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { OUTPUT_LIMIT } from "#daemon/agents/tools/capped-text"
import { confinementOf } from "#daemon/agents/tools/confinement"
import { tools } from "#daemon/agents/tools/index"
import type { ToolResult } from "#daemon/agents/tools/tool"
import { processesOf } from "#daemon/process/tree"
import { testEnclosure } from "../../support/enclosure.ts"
import { tempDir } from "../../support/temp-dir.ts"

/** A directory to work in, beside one that is none of an agent's business. */
async function workshop() {
  const outer = await tempDir()
  const root = join(outer.path, "work")
  const outside = join(outer.path, "work-not")
  await mkdir(root)
  await mkdir(outside)
  await writeFile(join(outside, "secret"), "secret")
  const confined = await testEnclosure()
  const place = {
    files: await confinementOf(root),
    toolEnv: { PATH: process.env.PATH ?? "" },
    enclosure: confined.enclosure,
  }

  const open = async (name: string, args: unknown) => {
    const tool = tools.get(name)
    if (!tool) throw new Error(`no tool ${name}`)
    return tool.call(args, place)
  }
  const run = async (
    name: string,
    args: unknown,
    signal = new AbortController().signal,
  ): Promise<ToolResult> =>
    (await open(name, args)).run({
      toolCallId: `${name}_${crypto.randomUUID()}`,
      signal,
      onOutput: () => undefined,
    })

  return {
    root,
    outside,
    open,
    place,
    run,
    in: (file: string) => join(root, file),
    async [Symbol.asyncDispose]() {
      await confined[Symbol.asyncDispose]()
      await outer[Symbol.asyncDispose]()
    },
  }
}

test.each([
  ["read_file", {}],
  ["list_dir", {}],
  ["grep", { pattern: "secret" }],
  ["write_file", { content: "x" }],
  ["edit_file", { old_string: "secret", new_string: "x" }],
])("%s does not leave the working directory, by whatever way", async (name, args) => {
  await using shop = await workshop()
  await symlink(join(shop.outside, "secret"), shop.in("link"))
  await symlink(shop.outside, shop.in("folder"))
  await symlink(join(shop.outside, "not-yet"), shop.in("dangling"))
  await symlink("..", shop.in("up"))
  for (const path of [
    "../work-not/secret",
    join(shop.outside, "secret"),
    "link",
    "folder/secret",
    "folder/new/file",
    "up/work-not/secret",
    "a/../../work-not/secret",
    "nul\0",
  ])
    await expect(shop.open(name, { ...args, path }), path).rejects.toThrow(
      /outside the working directory|NUL/,
    )
  await expect(shop.open(name, { ...args, path: "dangling" })).rejects.toThrow("leads nowhere")
  expect(await readFile(join(shop.outside, "secret"), "utf8")).toBe("secret")
})

test.each([
  ["read_file", {}],
  ["list_dir", {}],
  ["grep", { pattern: "token" }],
  ["write_file", { content: "x" }],
  ["edit_file", { old_string: "token", new_string: "x" }],
])("%s keeps out of agentz's own home where that lies in the working directory", async (name, args) => {
  await using shop = await workshop()
  const home = shop.in(".agentz")
  await mkdir(join(home, "run"), { recursive: true })
  await writeFile(join(home, "token"), "token")
  await symlink(home, shop.in("way"))
  const place = { ...shop.place, files: await confinementOf(shop.root, [home]) }
  for (const path of [".agentz", ".agentz/token", "way/token", ".agentz/run/new", join(home, "token")])
    await expect(tools.get(name)?.call({ ...args, path }, place), path).rejects.toThrow("belongs to agentz")
  expect(await readFile(join(home, "token"), "utf8")).toBe("token")
})

test("grep of the whole directory finds nothing in agentz's own home", async () => {
  await using shop = await workshop()
  const home = shop.in("a[1]*")
  await mkdir(home)
  await mkdir(shop.in("a1x"))
  await writeFile(join(home, "token"), "secret-token")
  await writeFile(shop.in("a1x/note"), "secret-note")
  const place = { ...shop.place, files: await confinementOf(shop.root, [home]) }
  const call = await tools.get("grep")?.call({ pattern: "secret-" }, place)
  const running = { toolCallId: "t", signal: new AbortController().signal, onOutput: () => undefined }
  expect((await call?.run(running))?.output).toBe("./a1x/note:1:secret-note")
})

test("links that stay inside are followed, and a directory reached by a link is the same place", async () => {
  await using shop = await workshop()
  await writeFile(shop.in("real.txt"), "one")
  await symlink("real.txt", shop.in("link.txt"))
  await shop.run("write_file", { path: "link.txt", content: "two" })
  expect(await readFile(shop.in("real.txt"), "utf8")).toBe("two")

  await symlink(shop.root, join(shop.outside, "door"))
  const files = await confinementOf(join(shop.outside, "door"))
  expect(await files.locate(join(shop.outside, "door", "real.txt"))).toBe(shop.in("real.txt"))
})

test("a link that is put in place after the look is not followed", async () => {
  await using shop = await workshop()
  const write = await shop.open("write_file", { path: "note", content: "x" })
  await symlink(join(shop.outside, "secret"), shop.in("note"))
  const running = { toolCallId: "t", signal: new AbortController().signal, onOutput: () => undefined }
  await expect(write.run(running)).rejects.toThrow("is a symbolic link")

  await mkdir(shop.in("sub"))
  const deeper = await shop.open("write_file", { path: "sub/secret", content: "x" })
  await rm(shop.in("sub"), { recursive: true })
  await symlink(shop.outside, shop.in("sub"))
  await expect(deeper.run(running)).rejects.toThrow("outside the working directory")
  expect(await readFile(join(shop.outside, "secret"), "utf8")).toBe("secret")
})

test("what was shown is what is written: a file that changed meanwhile is left alone", async () => {
  await using shop = await workshop()
  const write = await shop.open("write_file", { path: "a", content: "agent" })
  await writeFile(shop.in("a"), "person")
  const running = { toolCallId: "t", signal: new AbortController().signal, onOutput: () => undefined }
  await expect(write.run(running)).rejects.toThrow("changed by somebody else")
  expect(await readFile(shop.in("a"), "utf8")).toBe("person")
})

test("an edit needs exactly one match, and two edits of one file at once are both kept", async () => {
  await using shop = await workshop()
  await writeFile(shop.in("a"), "one two two")
  const edit = (old_string: string, new_string: string) =>
    shop.run("edit_file", { path: "a", old_string, new_string })
  await expect(edit("two", "x")).rejects.toThrow("more than once")
  await expect(edit("three", "x")).rejects.toThrow("does not occur")
  await writeFile(shop.in("a"), "one $& two")
  await Promise.all([edit("one", "$1"), edit("two", "2")])
  expect(await readFile(shop.in("a"), "utf8")).toBe("$1 $& 2")
})

test("write_file makes the folders it needs", async () => {
  await using shop = await workshop()
  await shop.run("write_file", { path: "a/b/c.txt", content: "deep" })
  expect(await readFile(shop.in("a/b/c.txt"), "utf8")).toBe("deep")
})

test("read_file reads lines, and refuses what is not text", async () => {
  await using shop = await workshop()
  await writeFile(shop.in("a"), "1\n2\n3\n4\n")
  await writeFile(shop.in("b"), Buffer.from([1, 0, 2]))
  expect(await shop.run("read_file", { path: "a", offset: 2, limit: 2 })).toEqual({ output: "2\n3" })
  await expect(shop.run("read_file", { path: "b" })).rejects.toThrow("not a text file")
  await expect(shop.run("read_file", { path: "c" })).rejects.toThrow("There is no file c.")
  await expect(shop.run("read_file", { path: "." })).rejects.toThrow("not a regular file")
})

test("reading a named pipe does not wait for its other end", async () => {
  await using shop = await workshop()
  await shop.run("bash", { command: "mkfifo pipe" })
  await expect(shop.run("read_file", { path: "pipe" })).rejects.toThrow("not a regular file")
  await expect(shop.run("write_file", { path: "pipe", content: "x" })).rejects.toThrow("not a regular file")
})

test("grep finds, skips what nobody searches, and survives a bad or slow expression", async () => {
  await using shop = await workshop()
  await mkdir(shop.in(".git"))
  await mkdir(shop.in("src"))
  await writeFile(shop.in(".git/x"), "needle")
  await writeFile(shop.in("src/x"), "hay\nneedle\n")
  await writeFile(shop.in("evil"), "a".repeat(40))
  expect(await shop.run("grep", { pattern: "need.e" })).toMatchObject({ output: "./src/x:2:needle" })
  expect(await shop.run("grep", { pattern: "needle", path: "src" })).toMatchObject({
    output: "./src/x:2:needle",
  })
  expect(await shop.run("grep", { pattern: "nothing" })).toEqual({ output: "No match." })
  expect(await shop.run("grep", { pattern: "-e(" })).toMatchObject({ failed: true })
  expect(await shop.run("grep", { pattern: "(a+)+$b" })).toEqual({ output: "No match." })
})

test("a command says how it ended", async () => {
  await using shop = await workshop()
  expect(await shop.run("bash", { command: "echo out; echo err >&2; exit 3" })).toEqual({
    output: "out\nerr\n[exit code 3]",
    failed: true,
  })
  expect(await shop.run("bash", { command: "kill -9 $$" })).toEqual({
    output: "[ended by SIGKILL]",
    failed: true,
  })
  expect(await shop.run("bash", { command: "true" })).toEqual({ output: "(no output)", failed: false })
})

test("a command that takes too long is ended whole", async () => {
  await using shop = await workshop()
  const started = performance.now()
  expect(
    await shop.run("bash", { command: "echo up; trap '' TERM; sleep 300", timeout_seconds: 0.2 }),
  ).toEqual({
    output: "up\n[ended after the time limit of 0.2 s]",
    failed: true,
  })
  expect(performance.now() - started).toBeLessThan(2_000)
})

test("what a command leaves in the background is ended with it, and said", async () => {
  await using shop = await workshop()
  const marker = ["MARK", crypto.randomUUID()] as const
  const result = await shop.run("bash", {
    command: `export ${marker.join("=")}; (setsid sleep 300 &) ; sleep 300 & echo started`,
  })
  expect(result).toEqual({ output: "started\n[processes left in the background were ended]", failed: false })
  expect(processesOf({ marker })).toEqual([])
})

test("a long output keeps its beginning and its end and says what is missing", async () => {
  await using shop = await workshop()
  const { output } = await shop.run("bash", {
    command: "echo first; yes filler | head -c 5000000; echo last",
  })
  expect(output.length).toBeLessThan(OUTPUT_LIMIT + 200)
  expect(output).toMatch(/^first\n/)
  expect(output).toMatch(/last$/)
  expect(output).toMatch(/output truncated: \d+ characters left out/)
})

test("a command gets no input, and nothing of our environment", async () => {
  await using shop = await workshop()
  const { output } = await shop.run("bash", { command: "cat; env | sort" })
  expect(output).toMatch(/^AGENTZ_TOOL=bash_/m)
  expect(output).not.toContain("NODE")
  expect(output).not.toContain("HOME=")
})

test("a working directory that is gone is said to be gone", async () => {
  const dir = await mkdtemp("/tmp/agentz-test-gone-")
  await using confined = await testEnclosure()
  const place = { files: await confinementOf(dir), toolEnv: {}, enclosure: confined.enclosure }
  await rm(dir, { recursive: true })
  const call = await tools.get("bash")?.call({ command: "true" }, place)
  const running = { toolCallId: "t", signal: new AbortController().signal, onOutput: () => undefined }
  await expect(call?.run(running)).rejects.toThrow("Could not start")
})
