/** What the pages point at is there, and they speak of no machine in particular. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { Command } from "#streams/command"
import { SessionEvent } from "#streams/event"
import { RunCommand } from "#streams/workflow/command"
import { RunEvent } from "#streams/workflow/event"

const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(path))

const prose = (text: string) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "")

/** As the places that show these pages make them. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (page: string) =>
  Array.from(readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => anchorOf(heading))

test("there are pages to look at", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "ARCHITECTURE.md", "docs/interface.md"]))
})

test.each(pages)("%s: each relative link leads somewhere", (page) => {
  const links = Array.from(
    prose(readFileSync(page, "utf8")).matchAll(/\]\(([^)\s]+)\)/g),
    ([, link = ""]) => link,
  )
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = "", anchor] = link.split("#")
    const target = path === "" ? page : join(dirname(page), path)
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
  })
  expect(broken).toEqual([])
})

test.each(pages)("%s: each file of this project that it names is there", (page) => {
  const named = Array.from(
    readFileSync(page, "utf8").matchAll(/`((?:src|daemon|streams|routes|tests|docs|bench)\/[\w$./-]+)`/g),
    ([, path = ""]) => path,
  )
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

test.each(pages)("%s: no path of one machine", (page) => {
  const paths = readFileSync(page, "utf8").match(
    /(?<![\w.$~/-])\/(?:home|Users|root|work|private|mnt|workspace)\/[\w.-]+/g,
  )
  expect(paths ?? []).toEqual([])
})

const STAMP = ["type", "id", "seq", "epoch", "n", "at", "commandId"]

const toldOn = (page: string, type: string, fields: readonly string[]) =>
  readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.slice(0, line.indexOf("|", 1)).includes(`\`${type}\``))
    .filter((row) => fields.every((field) => new RegExp(`\\b${field}\\b`).test(row)))

test.each(
  [...SessionEvent.options, ...Command.options].map(
    (schema) => [schema.shape.type.value, schema.shape] as const,
  ),
)("docs/interface.md has %s with its fields", (type, shape) => {
  const fields = Object.keys(shape).filter((field) => !STAMP.includes(field))
  // An update may hold any field of its call, whose row has them.
  const told = type === "tool_call_update" ? ["toolCallId", "appendOutput"] : fields
  expect(toldOn("docs/interface.md", type, told)).not.toEqual([])
})

test.each(
  [...RunEvent.options, ...RunCommand.options].map(
    (schema) => [schema.shape.type.value, schema.shape] as const,
  ),
)("docs/workflows.md has %s with its fields", (type, shape) => {
  const fields = Object.keys(shape).filter((field) => !STAMP.includes(field))
  expect(toldOn("docs/workflows.md", type, fields)).not.toEqual([])
})
