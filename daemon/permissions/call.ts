/** An agent's call as rules and grants must know it: what it touches for certain, and its name. */
import { createHash } from "node:crypto"
import type { RequestPermissionRequest } from "@agentclientprotocol/sdk"
import { wordsOfCommand } from "#streams/command-line"
import type { ToolKind, Touches } from "#streams/event"
import { agentConfigHash } from "./agent-config.ts"
import { certainPath } from "./real-path.ts"

type ToolCall = RequestPermissionRequest["toolCall"]

export interface AskedCall {
  readonly kind: ToolKind
  readonly touches: Touches
  /** Names the call for a one-shot grant: this very call, in this directory, under this configuration. */
  readonly inputHash: string
}

export async function askedCall(toolCall: ToolCall, workingDir: string): Promise<AskedCall> {
  const kind: ToolKind = toolCall.kind ?? "other"
  const hash = callHash(kind, toolCall)
  const [paths, words, configHash] = await Promise.all([
    pathsOf(toolCall, workingDir),
    kind === "execute" ? wordsOf(toolCall.rawInput, workingDir) : null,
    agentConfigHash(workingDir),
  ])
  const touches = {
    hash,
    configHash,
    ...(words && { words: [...words] }),
    ...(paths && { paths: [...paths] }),
  }
  return { kind, touches, inputHash: sha256(`${hash}\n${workingDir}\n${configHash}`) }
}

/** The same kind with the same arguments, or the same title and diff where there are none, or else this one alone. */
function callHash(kind: ToolKind, { rawInput, title, content, toolCallId }: ToolCall): string {
  const isNamed = (title ?? "") !== "" || (content ?? []).length > 0
  const what = rawInput ?? (isNamed ? { title, content } : { toolCallId })
  return sha256(`${kind}\n${canonical(what)}`)
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
    .join(",")}}`
}

/** Beside the command, what says nothing about what it does. Any other argument makes the call one of its own. */
const HARMLESS = new Set(["description", "timeout", "timeout_ms", "timeout_seconds", "justification"])

async function wordsOf(input: unknown, workingDir: string): Promise<readonly string[] | null> {
  const fields = fieldsOf(input)
  const { command, cwd, workdir, ...rest } = fields
  if (Object.keys(rest).some((name) => !HARMLESS.has(name))) return null
  for (const place of [cwd, workdir]) {
    if (place === undefined || place === null) continue
    if (typeof place !== "string" || (await certainPath(place, workingDir)) !== workingDir) return null
  }
  if (typeof command === "string") return wordsOfCommand(command)
  if (!Array.isArray(command) || !command.every((word) => typeof word === "string")) return null
  const [shell = "", flag, line, ...more] = command
  if (/(^|\/)(ba|z|da|k)?sh$/.test(shell))
    return /^-l?c$/.test(flag ?? "") && more.length === 0 ? wordsOfCommand(line ?? "") : null
  return command.length === 0 || shell === "" || shell.includes("=") ? null : command
}

/** Under which names agents' tools take a file. */
const PATH_FIELDS = ["path", "file_path", "filePath", "filepath", "notebook_path", "source", "destination"]

/** Every file that the call names anywhere; `null` where one of them is not certain, or there is none. */
async function pathsOf({ rawInput, locations, content }: ToolCall, workingDir: string) {
  const fields = fieldsOf(rawInput)
  const named = [
    ...PATH_FIELDS.flatMap((name) => (name in fields ? [fields[name]] : [])),
    ...(locations ?? []).map(({ path }) => path),
    ...(content ?? []).flatMap((part) => (part.type === "diff" ? [part.path] : [])),
  ]
  const paths = new Set<string>()
  for (const path of named) {
    const real = typeof path === "string" ? await certainPath(path, workingDir) : null
    if (real === null) return null
    paths.add(real)
  }
  return paths.size === 0 ? null : [...paths].sort()
}

const fieldsOf = (input: unknown): Readonly<Record<string, unknown>> =>
  typeof input === "object" && input !== null && !Array.isArray(input) ? { ...input } : {}
