/** The calls of one turn: told once, then by what changes; whatever is open at the end was cut off. */
import type { Blob } from "#streams/blob"
import type { Unstamped } from "#streams/event"
import type { SessionId, TurnId } from "#streams/ids"
import type { Redactor } from "../redact.ts"
import { CallOutput, type OutputFields } from "./output.ts"
import type { CallFields, Said } from "./said.ts"

/** Events, and the blobs that they name: a blob comes before its event. */
export type Told = Unstamped | { readonly type: "blob"; readonly blob: Blob }

interface Call {
  readonly output: CallOutput
  /** The end of its output, which may be the beginning of a secret. */
  held: string
  open: boolean
}

type SaidCall = Extract<Said, { said: "call" }>

export function callsOf(
  turnId: TurnId,
  { sessionId, redactor }: { readonly sessionId: SessionId; readonly redactor: Redactor },
) {
  const calls = new Map<string, Call>()

  function outputOf(call: Call, { output, more }: SaidCall, ends: boolean): OutputFields {
    if (output !== undefined) {
      call.held = ""
      return call.output.replace(redactor.text(output))
    }
    if (more === undefined && !ends) return {}
    const { told, held } = redactor.piece(call.held + (more ?? ""))
    call.held = ends ? "" : held
    return call.output.append(ends ? told + held : told)
  }

  return {
    has: (toolCallId: string): boolean => calls.has(toolCallId),

    /** Upsert: agents tell a call twice, begin in the middle, and give it its title later. */
    tell(said: SaidCall): Told[] {
      const { toolCallId } = said
      const known = calls.get(toolCallId)
      const call = known ?? { output: new CallOutput(), held: "", open: true }
      calls.set(toolCallId, call)
      const fields = redactor.value(said.fields)
      const ends = fields.status === "completed" || fields.status === "failed"
      if (fields.status !== undefined) call.open = !ends
      const output = outputOf(call, said, ends)
      const last = ends ? call.output.end(sessionId) : { fields: {}, blob: null }
      const told = { ...output, ...last.fields }
      const event: Unstamped = known
        ? { type: "tool_call_update", turnId, toolCallId, ...fields, ...told }
        : { type: "tool_call", turnId, toolCallId, ...wholeOf(fields), ...wholeOutputOf(told) }
      return [...blobs(last.blob), event]
    },

    end(): Told[] {
      return [...calls].flatMap(([toolCallId, call]) => {
        if (!call.open) return []
        call.open = false
        const rest = call.output.append(redactor.text(call.held))
        const { fields, blob } = call.output.end(sessionId)
        const cut = { status: "failed", interrupted: true, ...rest, ...fields } as const
        return [...blobs(blob), { type: "tool_call_update" as const, turnId, toolCallId, ...cut }]
      })
    },
  }
}

const blobs = (blob: Blob | null): Told[] => (blob ? [{ type: "blob", blob }] : [])

/** A call that is told for the first time has every field, whatever the agent knows of it by then. */
const wholeOf = ({ title, kind, status, locations, content, ...fields }: CallFields) => ({
  title: title ?? "Tool call",
  kind: kind ?? ("other" as const),
  status: status ?? ("pending" as const),
  locations: locations ?? [],
  content: content ?? [],
  input: undefined,
  ...fields,
})

const wholeOutputOf = ({ appendOutput, output = appendOutput, ...fields }: OutputFields) => ({
  ...(output !== undefined && { output }),
  ...fields,
})
