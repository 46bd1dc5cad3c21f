/** What the demo agent does with words it cannot understand: it shows what a session is, with real files. */
import { basename } from "node:path"
import type { Confinement } from "../tools/confinement.ts"
import { planOf, type Seen, type Step, wordsOf } from "./step.ts"

/** Where the demo agent leaves its notes. */
const NOTE = "agentz-demo.md"

const text = <Kind extends "say" | "think">(kind: Kind, ms: number, of: (seen: Seen) => string) => ({
  kind,
  ms,
  chunks: (seen: Seen) => wordsOf(of(seen), 2),
})

const PLAN = ["Look around", "Read something", "Suggest one small change", "Say what happened"]

export function firstTour(files: Confinement, ms: number): readonly Step[] {
  const LIST = 3
  const READ = 5
  const WRITE = 8
  return [
    text("think", ms, () => thinking),
    planOf(PLAN, 0),
    text("say", ms, ({ prompt }) => greeting(prompt, basename(files.root) || files.root)),
    { kind: "calls", calls: () => [{ tool: "list_dir", args: { path: "." } }] },
    planOf(PLAN, 1),
    {
      kind: "calls",
      calls: (seen) => {
        const path = worthReading(namesIn(seen, LIST))
        return path === null ? [] : [{ tool: "read_file", args: { path } }]
      },
    },
    planOf(PLAN, 2),
    text("say", ms, (seen) => found(namesIn(seen, LIST), seen.results(READ)[0]?.output)),
    { kind: "calls", calls: (seen) => noteCall(files, seen) },
    planOf(PLAN, PLAN.length),
    text("say", ms, (seen) => goodbye(seen, WRITE)),
  ]
}

export function nextTour(files: Confinement, ms: number): readonly Step[] {
  const SEARCH = 2
  const WRITE = 4
  return [
    text("think", ms, () => "The conversation goes on. What was said before is in the session's stream."),
    text("say", ms, ({ prompt, earlier }) => welcomeBack(prompt, earlier)),
    {
      kind: "calls",
      calls: ({ prompt }) => [{ tool: "grep", args: { pattern: wordIn(prompt), path: "." } }],
    },
    text("say", ms, (seen) => searched(wordIn(seen.prompt), seen.results(SEARCH)[0]?.output ?? "")),
    { kind: "calls", calls: (seen) => noteCall(files, seen) },
    text("say", ms, (seen) => outcome(seen, WRITE)),
  ]
}

const thinking =
  "A first message. There is no model behind me, so I cannot understand it. But I can show what a session is: " +
  "look around, plan, read, change one file if I may, and tell what happened."

const greeting = (prompt: string, folder: string) =>
  `Hello! I am the **demo agent** of agentz: a small script with no language model behind it. Nothing leaves this machine, and no key is needed. You wrote:

> ${oneLine(prompt, 160)}

I cannot do that for you, but I can show you how a session works, with the real files in \`${folder}\`.

`

const namesIn = (seen: Seen, step: number): readonly string[] =>
  (seen.results(step)[0]?.output ?? "").split("\n").filter((name) => name && name !== "(empty)")

/** A README if there is one, else some other text. */
function worthReading(names: readonly string[]): string | null {
  const files = names.filter((name) => !/[/@]$/.test(name) && name !== NOTE)
  return (
    files.find((name) => /^readme(\.|$)/i.test(name)) ??
    files.find((name) => /\.(md|txt|json|toml|ya?ml|[jt]sx?|py|rs|go|rb|java|c|h|sh)$/i.test(name)) ??
    null
  )
}

function found(names: readonly string[], text: string | undefined): string {
  const count = names.length === 1 ? "one entry" : `${names.length} entries`
  const line = text?.split("\n").find((one) => one.trim() !== "")
  return `${names.length === 0 ? "This folder is empty" : `There are ${count} here`}${
    line ? `, and what I read begins with “${oneLine(line, 80)}”` : ""
  }. Now I would like to leave a note in \`${NOTE}\`. **You decide**: I change nothing before you allow it.

`
}

/** One more line in the note; the rest of it stays as it is. */
async function noteCall(files: Confinement, { prompt, earlier }: Seen) {
  const old = await files.readText(await files.locate(NOTE))
  const start = old ?? "# Notes of the agentz demo agent\n\nDelete this file whenever you like.\n\n"
  const content = `${start}${start.endsWith("\n") ? "" : "\n"}- Message ${earlier.length + 1}: ${oneLine(prompt, 120)}\n`
  return [{ tool: "write_file", args: { path: NOTE, content } }]
}

function outcome(seen: Seen, step: number): string {
  const result = seen.results(step)[0]
  if (result?.denied)
    return `You said no, so every file is as it was. I would have added one line to \`${NOTE}\`: what you wrote, nothing more.\n\n`
  if (!result || result.failed)
    return `The note in \`${NOTE}\` may not have been written: ${result?.output || "the call was interrupted"}\n\n`
  return `Done: \`${NOTE}\` has one line more, and the change is shown above. Delete the file whenever you like.\n\n`
}

const goodbye = (seen: Seen, step: number) => `${outcome(seen, step)}Things to try next:

- **Write to me again.** I read what was said before from the session's stream.
- **Stop the server in the middle of an answer** and start it again. Not a word is lost.
- **Give me a script**: \`[[slow n=50]]\`, \`[[bash cmd="ls -l"]]\` or \`[[recall]]\`. The page on the demo agent lists them all.
- **Take an agent with a model behind it**: \`agentz doctor\` says which ones can run here.
`

const welcomeBack = (prompt: string, earlier: readonly string[]) =>
  `Welcome back. Earlier you wrote “${oneLine(earlier.at(-1) ?? "", 80)}”${
    earlier.length > 1 ? `, and before that ${earlier.length - 1} more` : ""
  }; now “${oneLine(prompt, 80)}”. I am still a script without a model, but I can search for a word of yours.

`

/** The longest word: most likely to mean something. */
function wordIn(prompt: string): string {
  const words = prompt.match(/[A-Za-z0-9_]{3,40}/g) ?? []
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest), "") || "agentz"
}

function searched(word: string, output: string): string {
  const lines = output === "No match." ? 0 : output.split("\n").filter(Boolean).length
  const count = lines === 0 ? "nowhere" : lines === 1 ? "in one line" : `in ${lines} lines`
  return `“${word}” occurs ${count} in this folder. I would like to note your message in \`${NOTE}\`.\n\n`
}

function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length > length ? `${line.slice(0, length)}…` : line
}
