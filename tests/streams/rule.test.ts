import fc from "fast-check"
import { expect, test } from "vitest"
import { wordsOfCommand } from "#streams/command-line"
import { ToolKind } from "#streams/event"
import { RuleId, SessionId } from "#streams/ids"
import {
  covers,
  describeRule,
  foldRules,
  likeOf,
  type Rule,
  type RuledCall,
  type RuleMatch,
  ruleChange,
  ruleFor,
  ruleRevoked,
} from "#streams/rule"

const place = { sessionId: SessionId.parse("ses_a"), workingDir: "/work", agentType: "demo" }

const ruleOf = (match: RuleMatch, more: Partial<Rule> = {}): Rule => ({
  ruleId: RuleId.parse("rul_a"),
  scope: "session",
  ...place,
  kind: "execute",
  match,
  decision: "allow",
  createdAt: "2026-01-01T00:00:00.000Z",
  ...more,
})

const commanded = (line: string): RuledCall => {
  const words = wordsOfCommand(line)
  return { kind: "execute", touches: { hash: `hash of ${line}`, ...(words && { words: [...words] }) } }
}

const gitStatus = ruleOf({ type: "command", words: ["git", "status"] })

test.each([
  ["git status", true],
  ["git status --short", true],
  ["git  'status'", true],
  ["git stat", false],
  ["git statuses", false],
  ["git", false],
  ["sudo git status", false],
  ["git -c core.pager=evil status", false],
  ["git status && rm -rf /", false],
  ["git status; rm -rf /", false],
  ["git status | sh", false],
  ["git status $(rm x)", false],
  ["git status\nrm x", false],
])("a rule for git status on %j: %s", (line, allowed) => {
  expect(ruleFor([gitStatus], commanded(line), place)).toEqual(allowed ? gitStatus : null)
})

test("a rule for a directory ends at its border", () => {
  const rule = ruleOf({ type: "path", prefix: "/work/src" }, { kind: "edit" })
  const edits = (...paths: string[]) =>
    ruleFor([rule], { kind: "edit", touches: { hash: "h", paths } }, place) !== null
  expect(edits("/work/src/a.ts")).toBe(true)
  expect(edits("/work/src")).toBe(true)
  expect(edits("/work/src-other/a.ts")).toBe(false)
  expect(edits("/work/src/a.ts", "/etc/passwd")).toBe(false)
  expect(edits()).toBe(false)
  expect(ruleFor([rule], { kind: "edit", touches: { hash: "h" } }, place)).toBeNull()
  expect(
    ruleFor([rule], { kind: "delete", touches: { hash: "h", paths: ["/work/src/a.ts"] } }, place),
  ).toBeNull()
})

test("a rule speaks only where it was made: its session or its directory, its agent, its configuration", () => {
  const call = commanded("git status")
  const elsewhere = { ...place, sessionId: SessionId.parse("ses_b") }
  expect(ruleFor([gitStatus], call, elsewhere)).toBeNull()
  const wide = ruleOf(gitStatus.match, { scope: "directory" })
  expect(ruleFor([wide], call, elsewhere)).toBe(wide)
  expect(ruleFor([wide], call, { ...elsewhere, workingDir: "/work/inner" })).toBeNull()
  expect(ruleFor([wide], call, { ...elsewhere, agentType: "other" })).toBeNull()
  const bound = ruleOf({ type: "any" }, { kind: "other", configHash: "one" })
  const tool = (configHash: string) => ({ kind: "other" as const, touches: { hash: "h", configHash } })
  expect(ruleFor([bound], tool("one"), place)).toBe(bound)
  expect(ruleFor([bound], tool("two"), place)).toBeNull()
})

test("a rule that refuses goes before one that allows", () => {
  const refuses = ruleOf({ type: "command", words: ["git"] }, { decision: "deny" })
  expect(ruleFor([gitStatus, refuses], commanded("git status"), place)).toBe(refuses)
})

test("of any rules and any call, only one whose description covers the call speaks", () => {
  const word = fc.constantFrom("git", "status", "push", "rm", "-rf", "ls")
  const segment = fc.constantFrom("work", "src", "src-2", "etc", "a.ts")
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`)
  const match: fc.Arbitrary<RuleMatch> = fc.oneof(
    fc.constant({ type: "any" as const }),
    fc.record({
      type: fc.constant("command" as const),
      words: fc.array(word, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ type: fc.constant("path" as const), prefix: path }),
    fc.record({
      type: fc.constant("call" as const),
      hash: fc.constantFrom("h1", "h2"),
      shown: fc.constant("a call"),
    }),
  )
  const call = fc.record({
    kind: fc.constantFrom(...ToolKind.options),
    touches: fc.record(
      {
        hash: fc.constantFrom("h1", "h2"),
        words: fc.array(word, { maxLength: 4 }),
        paths: fc.array(path, { maxLength: 3 }),
      },
      { requiredKeys: ["hash"] },
    ),
  })
  const rules = fc.array(
    fc.record({
      match,
      kind: fc.constantFrom(...ToolKind.options),
      scope: fc.constantFrom("session" as const, "directory" as const),
      sessionId: fc.constantFrom(SessionId.parse("ses_a"), SessionId.parse("ses_b")),
      workingDir: fc.constantFrom("/work", "/work/src"),
    }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(rules, call, (given, asked) => {
      const rule = ruleFor(
        given.map(({ match, ...more }) => ruleOf(match, more)),
        asked as RuledCall,
        place,
      )
      if (rule === null) return
      const { words = [], paths = [], hash } = asked.touches
      expect(rule.kind).toBe(asked.kind)
      expect(rule.scope === "session" ? rule.sessionId : rule.workingDir).toBe(
        rule.scope === "session" ? place.sessionId : place.workingDir,
      )
      // Said again in other words than the code's.
      if (rule.match.type === "command")
        expect(`${words.join(" ")} `.startsWith(`${rule.match.words.join(" ")} `)).toBe(true)
      if (rule.match.type === "path") {
        const { prefix } = rule.match
        expect(paths.length).toBeGreaterThan(0)
        for (const one of paths) expect(`${one}/`.startsWith(`${prefix}/`)).toBe(true)
      }
      if (rule.match.type === "call") expect(rule.match.hash).toBe(hash)
    }),
    { numRuns: 5_000 },
  )
})

test.each([
  ["git push origin main", { type: "command", words: ["git", "push"] }],
  ["npm run build -- --watch", { type: "command", words: ["npm", "run", "build"] }],
  ["npm run", { type: "call" }],
  ["git -c a=b push", { type: "call" }],
  ["rm -rf build", { type: "call" }],
  ["bash build.sh", { type: "call" }],
  ["git status && ls", { type: "call" }],
])("“always” for %j means no more than %j", (line, like) => {
  const call = commanded(line)
  const match = likeOf(call, { workingDir: "/work", shown: line })
  expect(match).toMatchObject(like)
  expect(covers(match, call)).toBe(true)
})

test("“always” for an edit means the working directory, and outside of it only that call", () => {
  const edit = (path: string) =>
    likeOf({ kind: "edit", touches: { hash: "h", paths: [path] } }, { workingDir: "/work", shown: path })
  expect(edit("/work/a.ts")).toEqual({ type: "path", prefix: "/work" })
  expect(edit("/etc/hosts")).toMatchObject({ type: "call" })
})

test("what is revoked, and what is not understood, is no rule", () => {
  const one = foldRules(new Map(), [ruleChange(gitStatus)])
  expect([...one.values()]).toEqual([gitStatus])
  expect([...foldRules(one, [ruleRevoked(gitStatus.ruleId)]).values()]).toEqual([])
  const strange = { ...ruleChange(gitStatus), value: { ...gitStatus, match: { type: "new" } } }
  expect([...foldRules(one, [strange, 7, null]).values()]).toEqual([])
})

test("a rule says in one sentence who may do what, and where", () => {
  expect(describeRule(gitStatus)).toBe("demo may run commands that begin with “git status”, in session ses_a")
  expect(
    describeRule(
      ruleOf({ type: "path", prefix: "/work" }, { kind: "edit", scope: "directory", decision: "deny" }),
    ),
  ).toBe("demo may not edit /work and what is in it, in /work")
})
