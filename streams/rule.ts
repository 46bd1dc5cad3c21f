/**
 * What a person allowed or refused for good: a kind of call, narrowed by what it touches. A rule never says yes to
 * more than its description says; where it is not certain what a call touches, the rule does not speak.
 *
 * Rules are State Protocol rows of one stream, written by the control plane and followed by the daemons.
 */
import { type ChangeEvent, createStateSchema, isChangeEvent, type StateEvent } from "@durable-streams/state"
import { z } from "zod"
import { commandOfWords } from "./command-line.ts"
import { ToolKind, type Touches } from "./event.ts"
import { RuleId, SessionId } from "./ids.ts"

export const RuleMatch = z.discriminatedUnion("type", [
  /** Every call of the kind. */
  z.object({ type: z.literal("any") }),
  /** One program call that begins with these words. */
  z.object({ type: z.literal("command"), words: z.array(z.string().min(1)).min(1).max(64) }),
  /** Calls that touch nothing but this file, or what is under this directory. Absolute, links resolved. */
  z.object({ type: z.literal("path"), prefix: z.string().startsWith("/") }),
  /** This very call and no other. `shown` is for readers. */
  z.object({ type: z.literal("call"), hash: z.string(), shown: z.string() }),
])
export type RuleMatch = z.infer<typeof RuleMatch>

export const RuleScope = z.enum(["session", "directory"])
export type RuleScope = z.infer<typeof RuleScope>

export const Rule = z
  .object({
    ruleId: RuleId,
    scope: RuleScope,
    /** The session it was made in; the only one it is for where the scope is `session`. */
    sessionId: SessionId,
    /** The directory it is for, where the scope is `directory`: sessions in exactly this one. */
    workingDir: z.string(),
    agentType: z.string(),
    kind: ToolKind,
    match: RuleMatch,
    decision: z.enum(["allow", "deny"]),
    /**
     * The agents' configuration in the project as it was: what a tool of an MCP server does depends on it. Where it
     * is set, another configuration is another call.
     */
    configHash: z.string().optional(),
    createdAt: z.string(),
  })
  .readonly()
export type Rule = z.infer<typeof Rule>

const schema = createStateSchema({ rules: { schema: Rule, type: "rule", primaryKey: "ruleId" } })

export const ruleChange = (value: Rule): ChangeEvent =>
  schema.rules.upsert({ key: value.ruleId, value }) as ChangeEvent
export const ruleRevoked = (ruleId: RuleId): ChangeEvent =>
  schema.rules.delete({ key: ruleId }) as ChangeEvent

/** Rules by id, in the order in which they were made. */
export type Rules = ReadonlyMap<RuleId, Rule>

/** Applies rows in order. A row that is not understood is no rule: it allows nothing. */
export function foldRules(rules: Rules, events: Iterable<unknown>): Rules {
  let next: Map<RuleId, Rule> | null = null
  for (const event of events) {
    if (typeof event !== "object" || event === null || !isChangeEvent(event as StateEvent)) continue
    const { type, value, key, headers } = event as ChangeEvent
    if (type !== "rule") continue
    next ??= new Map(rules)
    const rule = headers.operation === "delete" ? null : Rule.safeParse(value)
    if (rule?.success) next.set(rule.data.ruleId, rule.data)
    else next.delete(key as RuleId)
  }
  return next ?? rules
}

/** The place in which a rule may speak. */
export interface RulePlace {
  readonly sessionId: SessionId
  readonly workingDir: string
  readonly agentType: string
}

/** A call as rules see it. */
export interface RuledCall {
  readonly kind: ToolKind
  readonly touches: Touches
}

/** The rule that answers the call, if any does. One that refuses goes before one that allows. */
export function ruleFor(rules: Iterable<Rule>, call: RuledCall, place: RulePlace): Rule | null {
  let allowing: Rule | null = null
  for (const rule of rules) {
    if (!isFor(rule, place) || rule.kind !== call.kind || !covers(rule.match, call)) continue
    if (rule.configHash !== undefined && rule.configHash !== call.touches.configHash) continue
    if (rule.decision === "deny") return rule
    allowing ??= rule
  }
  return allowing
}

const isFor = (rule: Rule, { sessionId, workingDir, agentType }: RulePlace): boolean =>
  rule.agentType === agentType &&
  (rule.scope === "session" ? rule.sessionId === sessionId : rule.workingDir === workingDir)

/** Whether a match speaks of the call. */
export function covers(match: RuleMatch, { kind, touches }: RuledCall): boolean {
  switch (match.type) {
    case "any":
      return true
    case "command": {
      const { words } = touches
      return kind === "execute" && words !== undefined && match.words.every((word, at) => words[at] === word)
    }
    case "path": {
      const { paths = [] } = touches
      return kind !== "execute" && paths.length > 0 && paths.every((path) => isUnder(match.prefix, path))
    }
    case "call":
      return match.hash === touches.hash
  }
}

const isUnder = (prefix: string, path: string): boolean =>
  path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`)

/** Programs whose next word says what they do. */
const WITH_SUBCOMMAND = new Set(
  "git npm pnpm yarn bun cargo go make just pip pip3 uv poetry gradle mvn dotnet gh brew rake bundle mix deno".split(
    " ",
  ),
)
/** And those of which the word after that still decides: any program may be behind it. */
const RUNS_BY_NAME = /^(run|run-script|exec|x|task|tool|dlx)$/

/**
 * What "always" means where nobody said more: the like of this call, and rather too little than too much. A
 * command counts by its first words only where these tell what it does; a file counts as its working directory.
 */
export function likeOf({ kind, touches }: RuledCall, { workingDir, shown }: LikeOptions): RuleMatch {
  const { words, paths = [], hash } = touches
  const [program = "", sub, name] = words ?? []
  if (
    kind === "execute" &&
    sub !== undefined &&
    WITH_SUBCOMMAND.has(program) &&
    /^[a-z][\w:.-]*$/.test(sub)
  ) {
    if (!RUNS_BY_NAME.test(sub)) return { type: "command", words: [program, sub] }
    if (name !== undefined && /^[\w][\w:./@-]*$/.test(name))
      return { type: "command", words: [program, sub, name] }
  }
  const inside = { type: "path", prefix: workingDir } as const
  if (/^(edit|read|search)$/.test(kind) && paths.length > 0 && covers(inside, { kind, touches }))
    return inside
  return { type: "call", hash, shown }
}
interface LikeOptions {
  readonly workingDir: string
  /** How a reader knows the call: its title. */
  readonly shown: string
}

const VERB: Record<ToolKind, string> = {
  read: "read",
  edit: "edit",
  delete: "delete",
  move: "move",
  search: "search",
  execute: "run",
  think: "think about",
  fetch: "fetch",
  switch_mode: "switch its mode with",
  other: "use",
}

/** What exactly it speaks of: `run commands that begin with “git status”`. */
export function describeMatch(kind: ToolKind, match: RuleMatch): string {
  const verb = VERB[kind]
  switch (match.type) {
    case "any":
      return kind === "execute" ? "run any command" : `${verb} anything`
    case "command":
      return `run commands that begin with “${commandOfWords(match.words)}”`
    case "path":
      return `${verb} ${match.prefix} and what is in it`
    case "call":
      return `${verb} exactly “${match.shown}”`
  }
}

/** A rule as a sentence. */
export const describeRule = ({
  decision,
  kind,
  match,
  scope,
  agentType,
  workingDir,
  sessionId,
}: Rule): string =>
  `${agentType} ${decision === "allow" ? "may" : "may not"} ${describeMatch(kind, match)}, in ${
    scope === "session" ? `session ${sessionId}` : workingDir
  }`
