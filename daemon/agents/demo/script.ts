/** Directives as steps: what a prompt that is written as a script does. */
import { type Directive, parseDirectives } from "./directives.ts"
import { failureOf } from "./failure.ts"
import { type CallSpec, planOf, type Seen, type Step, wordsOf } from "./step.ts"

type Args = Readonly<Record<string, string>>

/** `null` when the prompt holds no directive that the demo agent knows. `first`: the number of its first step. */
export function scriptOf(prompt: string, first = 0): readonly Step[] | null {
  const steps: Step[] = []
  let group: CallSpec[] | null = null
  for (const directive of parseDirectives(prompt)) {
    const call = callOf(directive)
    if (call) {
      if (group) group.push(call)
      else {
        const calls: CallSpec[] = [call]
        group = calls
        steps.push({ kind: "calls", calls: () => calls })
      }
      if (!directive.joined) group = null
      continue
    }
    group = null
    const step = STEPS[directive.name]?.(directive.args)
    if (step) steps.push(step)
  }
  if (steps.length === 0) return null
  const last = steps.length - 1
  if (steps[last]?.kind === "calls") steps.push(say((seen) => wordsOf(closing(seen, first + last)), 10))
  return steps
}

/** What a message that came into the turn adds to it. */
export const stepsHeard = (text: string, first: number): readonly Step[] =>
  scriptOf(text, first) ?? [say(() => wordsOf(`I heard you: “${text.trim().slice(0, 200)}”.\n`), 10)]

function closing(seen: Seen, step: number): string {
  const said = seen.results(step).at(-1)?.output ?? ""
  return said ? `Done. Last tool said: ${said.slice(0, 200)}` : "Done."
}

function callOf({ name, args }: Directive): CallSpec | null {
  const tool = TOOLS[name]
  return tool ? { ...tool(args), ...(args.ask === "no" && { ask: false }) } : null
}

const TOOLS: Readonly<Record<string, (args: Args) => CallSpec>> = {
  read: ({ path = "hello.txt" }) => ({ tool: "read_file", args: { path } }),
  list: ({ path = "." }) => ({ tool: "list_dir", args: { path } }),
  grep: ({ pattern = "hello", path = "." }) => ({ tool: "grep", args: { pattern, path } }),
  write: ({ path = "hello.txt", content = "hello from the demo agent\n" }) => ({
    tool: "write_file",
    args: { path, content },
  }),
  edit: ({ path = "hello.txt", old = "hello", new: replacement = "HELLO" }) => ({
    tool: "edit_file",
    args: { path, old_string: old, new_string: replacement },
  }),
  bash: ({ cmd = "echo hello from the demo agent", timeout_seconds: seconds }) => ({
    tool: "bash",
    args: { command: cmd, ...(seconds && { timeout_seconds: Number(seconds) }) },
  }),
  checkpoint: ({ text = "Said hello; next: nothing.", data }) => ({
    tool: "checkpoint",
    args: { text, ...(data && { data: jsonIn(data) }) },
  }),
  prime: () => ({ tool: "prime", args: {} }),
  ask: ({ title = "Do something harmless" }) => ({ tool: "ask", args: { title } }),
  crash: () => ({ tool: "crash", args: {} }),
}

const STEPS: Readonly<Record<string, (args: Args) => Step>> = {
  text: ({ n, ms }) => say(() => numbered(numberOf(n, 12), (i) => `word${i} `), numberOf(ms, 10)),
  slow: ({ n, ms }) => {
    const count = numberOf(n, 100)
    return say(() => numbered(count, (i) => `chunk ${i}/${count}\n`), numberOf(ms, 100))
  },
  say: ({ text = "ok", ms }) => say(() => wordsOf(text), numberOf(ms, 10)),
  think: ({ n, ms }) => ({
    kind: "think",
    chunks: () => numbered(numberOf(n, 5), (i) => `thought ${i}. `),
    ms: numberOf(ms, 10),
  }),
  huge: ({ mb, chunk, ms }) =>
    say(
      () => huge(Math.round(numberOf(mb, 5) * 1024 * 1024), numberOf(chunk, 4096) || 4096),
      numberOf(ms, 0),
    ),
  recall: ({ ms }) => say(recalled, numberOf(ms, 10)),
  unicode: ({ ms }) =>
    say(
      () => ["naïve ", "日本", "語 ", "👩‍💻", " -free ", "\u001b[31mred\u001b[0m ", "</script> ", "`code` "],
      numberOf(ms, 10),
    ),
  plan: ({ entries = "Look around; Change something; Report", done }) =>
    planOf(
      entries.split(";").map((entry) => entry.trim()),
      numberOf(done, 0),
    ),
  delay: ({ ms }) => ({ kind: "wait", ms: numberOf(ms, 1000) }),
  error: ({ message, status, times, after, reset }) => ({
    kind: "fail",
    failure: failureOf(status ? Number(status) : undefined, message, reset),
    ...(times && { retries: Number(times) }),
    ...(reset && { liftedAfterMs: numberOf(reset, 0) * 1000 }),
    afterMs: numberOf(after, 0) * 1000,
  }),
  hang: () => ({ kind: "hang" }),
}

const say = (chunks: (seen: Seen) => Iterable<string>, ms: number): Step => ({ kind: "say", chunks, ms })

/** What is no JSON is for the tool to refuse. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function numberOf(value: string | undefined, fallback: number): number {
  const number = Number(value ?? fallback)
  return Number.isFinite(number) && number >= 0 ? number : fallback
}

function* numbered(count: number, line: (i: number) => string): Generator<string> {
  for (let i = 1; i <= count; i++) yield line(i)
}

function* recalled({ earlier, said, note }: Seen): Generator<string> {
  yield `RECALL ${earlier.length} earlier user messages, ${said} assistant turns: `
  for (const text of earlier) yield `<${text.replace(/\s+/g, " ").slice(0, 80)}> `
  if (note !== null) yield `NOTE ${/<note>\n([\s\S]*)\n<\/note>/.exec(note)?.[1] ?? note} `
}

function* huge(bytes: number, size: number): Generator<string> {
  let line = 0
  let rest = ""
  for (let sent = 0; sent < bytes; ) {
    while (rest.length < size)
      rest += `${String(line++).padStart(8, "0")} the quick brown fox jumps over the lazy dog, again and again\n`
    const chunk = rest.slice(0, Math.min(size, bytes - sent))
    rest = rest.slice(chunk.length)
    sent += chunk.length
    yield chunk
  }
}
