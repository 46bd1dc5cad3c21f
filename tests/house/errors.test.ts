/** docs/errors.md has each slug that a person or a script can meet, and none that is gone. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { PROBLEMS } from "#src/problem"
import { SUBSCRIPTION_STATUS } from "../../streams/engine/subscriptions/subscription-error.ts"

const SLUG = '"([a-z]+(?:_[a-z]+)*)"'

const filesOf = (place: string): readonly string[] =>
  place.endsWith(".ts")
    ? [place]
    : readdirSync(place, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(place, name))

/** What the patterns catch in a file or a folder. A pattern that catches nothing is out of date. */
function caught(place: string, ...patterns: readonly RegExp[]): string[] {
  const sources = filesOf(place).map((file) => readFileSync(file, "utf8"))
  return patterns.flatMap((pattern) => {
    const found = sources.flatMap((text) => Array.from(text.matchAll(pattern), ([, slug = ""]) => slug))
    expect(found, `${pattern} in ${place}`).not.toEqual([])
    return found
  })
}

const after = (words: string) => new RegExp(`${words}\\s*${SLUG}`, "gm")

/** The members of a union of strings, by the name of its type or field. */
function unionIn(file: string, name: string): string[] {
  const [, members = ""] =
    new RegExp(`${name}[:=\\s]+((?:\\s*\\|?\\s*"[a-z_]+")+)`).exec(readFileSync(file, "utf8")) ?? []
  return Array.from(members.matchAll(new RegExp(SLUG, "g")), ([, slug = ""]) => slug)
}

const SECTIONS: Readonly<Record<string, () => readonly string[]>> = {
  "Refusals of the control plane": () => Object.keys(PROBLEMS),
  "At the API's port": () => [
    ...caught("src/http", after("reason:"), after("refusal\\(\\s*\\d+,")),
    ...caught("src/mcp", after("reason:")),
    ...caught("src/health", after("reason:")),
    ...caught("src/trpc.ts", after("[A-Z_]+:"), after("return"), after("\\?\\?")),
  ],
  "On the command line": () => [
    ...caught("src/cli", after("new Refusal\\("), after("\\breason:")),
    ...caught("src/http/server.ts", after("reason =")),
    ...unionIn("src/config.ts", "readonly reason"),
    ...unionIn("src/adapters.ts", "readonly reason"),
  ],
  "Failures of a session or turn": () => [
    ...caught("daemon", after("\\bcode:")),
    ...caught("daemon/agents/openai/verdict.ts", after("final\\(")),
    ...caught("src/daemons/close.ts", after("\\bfailure\\(")),
    ...unionIn("daemon/git/push-report.ts", "RemoteTrouble"),
    ...caught("src/workspaces", after("\\bcode:")),
    ...caught("streams/workflow/program.ts", after("^  \\w+:")),
  ],
  "Failures of a step or run": () => [
    ...caught("streams/workflow", after("\\bcode:"), after("code: missing \\?")),
    ...caught("streams/workflow/resolve.ts", after('"missing_output" :')),
    ...caught("streams/workflow/ending.ts", after("\\?\\?")),
    ...caught("src/workflows", after("\\bcode:")),
  ],
  "Refusals of a run": () => caught("streams/workflow", after("\\brefuse\\(")),
  "The stream server": () => [
    ...caught("streams/engine/errors.ts", after("super\\(")),
    ...caught("streams/engine/server.ts", after("new EngineError\\(")),
    ...caught("streams/engine/protocol/answer.ts", after("let code =")),
  ],
  "Refusals of the stream server": () => unionIn("streams/engine/refusal.ts", "RefusalReason"),
  "Subscriptions of the stream server": () => Object.keys(SUBSCRIPTION_STATUS),
  "Clients of a stream server": () => unionIn("streams/transport.ts", "StreamProblem"),
}

/** The slugs of the page's tables, by section. */
const page = new Map(
  readFileSync("docs/errors.md", "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf("\n")),
      Array.from(section.matchAll(/^\| *`(\w+)` *\|/gm), ([, slug = ""]) => slug),
    ]),
)

const sorted = (slugs: readonly string[]) => [...new Set(slugs)].sort()

test.each(Object.entries(SECTIONS))(
  "%s: the page names each slug of the source and no other",
  (title, collect) => {
    const slugs = sorted(collect())
    expect(slugs).not.toEqual([])
    const told = page.get(title) ?? []
    expect(sorted(told)).toEqual(slugs)
    expect(told).toHaveLength(slugs.length)
  },
)

test("the page has no section that is not looked at", () => {
  expect([...page.keys()]).toEqual(Object.keys(SECTIONS))
})
