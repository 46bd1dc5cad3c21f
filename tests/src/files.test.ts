import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { filesOf } from "#src/files/files"
import { tempDir } from "../support/temp-dir.ts"

/** A directory with these files in it, and agentz's home in it too. */
async function setUp(...paths: readonly string[]) {
  const dir = await tempDir()
  const home = join(dir.path, "work", ".agentz")
  const work = join(dir.path, "work")
  const file = (path: string) => {
    mkdirSync(dirname(join(work, path)), { recursive: true })
    writeFileSync(join(work, path), "")
  }
  for (const path of [".agentz/token", ...paths]) file(path)
  return {
    work,
    outside: dir.path,
    file,
    git: (...args: readonly string[]) => execFileSync("git", args, { cwd: work, stdio: "ignore" }),
    find: (query = "", limit?: number) => filesOf(home)(work, { query, limit }),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}

test("without letters the nearest files come first", async () => {
  await using place = await setUp("src/b.ts", "src/deep/c.ts", "a.md")
  expect(await place.find()).toEqual({ files: ["a.md", "src/b.ts", "src/deep/c.ts"], complete: true })
  expect((await place.find("", 2)).files).toEqual(["a.md", "src/b.ts"])
})

test("a few letters are enough, and a name counts more than its folders", async () => {
  await using place = await setUp("components/fold.tsx", "components/composer.tsx", "src/control-plane.ts")
  expect((await place.find("compo")).files[0]).toBe("components/composer.tsx")
  expect((await place.find("cplane")).files).toEqual(["src/control-plane.ts"])
  expect((await place.find("components/fo")).files).toEqual(["components/fold.tsx"])
  expect((await place.find("qqq")).files).toEqual([])
})

test("a repository lists what it has and would take in, from the directory down", async () => {
  await using place = await setUp(
    "pkg/kept.ts",
    "pkg/new.ts",
    "pkg/ignored.log",
    "other/kept.ts",
    "pkg/gone.ts",
  )
  place.git("init", "-q")
  place.file(".gitignore")
  writeFileSync(join(place.work, ".gitignore"), "*.log\n.agentz\n")
  place.git("add", "pkg/kept.ts", "pkg/gone.ts", ".gitignore")
  rmSync(join(place.work, "pkg/gone.ts"))
  expect((await place.find("", 50)).files).toEqual([
    ".gitignore",
    "other/kept.ts",
    "pkg/kept.ts",
    "pkg/new.ts",
  ])
  const below = await filesOf(join(place.work, ".agentz"))(join(place.work, "pkg"), { query: "" })
  expect(below.files).toEqual(["kept.ts", "new.ts"])
})

test("what a repository ignores as a whole is walked", async () => {
  await using place = await setUp("build/out.js")
  place.git("init", "-q")
  writeFileSync(join(place.work, ".gitignore"), "build\n")
  const found = await filesOf(join(place.work, ".agentz"))(join(place.work, "build"), { query: "" })
  expect(found).toEqual({ files: ["out.js"], complete: true })
})

test.each(["walked", "asked of git"])(
  "nothing outside is named, and no link leads there: %s",
  async (how) => {
    await using place = await setUp("inside.txt")
    writeFileSync(join(place.outside, "secret.txt"), "")
    symlinkSync(join(place.outside, "secret.txt"), join(place.work, "link.txt"))
    symlinkSync(place.outside, join(place.work, "folder"))
    if (how !== "walked") {
      place.git("init", "-q")
      place.git("add", "link.txt", "folder")
    }
    expect((await place.find("", 50)).files).toEqual(["inside.txt"])
    expect((await place.find("secret")).files).toEqual([])
  },
)

test("a repository whose work tree is said to be elsewhere lists nothing of there", async () => {
  await using place = await setUp("inside.txt")
  place.git("init", "-q")
  place.git("config", "core.worktree", place.outside)
  const { files } = await place.find("", 50)
  expect(files).toEqual(["inside.txt"])
})

test("names that would break a line, agentz's own home, and folders of packages are left out", async () => {
  await using place = await setUp("fine name.txt", "two\nlines.txt", "node_modules/x/index.js")
  expect((await place.find("", 50)).files).toEqual(["fine name.txt"])
})
