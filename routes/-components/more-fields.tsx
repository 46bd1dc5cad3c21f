import { useId, useState } from "react"
import { MCP_EXAMPLE } from "#streams/mcp-json"
import type { FieldName } from "../-app/new-session.ts"
import type { Refusal } from "../-app/refusal.ts"
import { Field, Problem } from "./form-field.tsx"

/** What few sessions need: limits and MCP servers. Open where something is in it. */
export function MoreFields(props: {
  readonly limits: string
  readonly mcp: string
  readonly wrong: FieldName | undefined
  readonly refusal: Refusal | null
  readonly onLimits: (text: string) => void
  readonly onMcp: (text: string) => void
}) {
  const { limits, mcp, wrong, refusal, onLimits, onMcp } = props
  const id = useId()
  const [open, setOpen] = useState(limits !== "")
  const attributes = (name: FieldName) => ({
    id: `${id}-${name}`,
    autoComplete: "off",
    autoCapitalize: "off",
    spellCheck: false,
    ...(wrong === name && { "aria-invalid": true, "aria-describedby": `${id}-${name}-error` }),
  })
  const errorOf = (name: FieldName) =>
    wrong === name && refusal ? <Problem id={`${id}-${name}-error`} refusal={refusal} /> : null
  return (
    <details
      open={open || wrong === "limits" || wrong === "mcp"}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary className="w-fit cursor-pointer text-row font-medium text-soft hover:text-ink touch:py-2">
        Limits and MCP servers
      </summary>
      <div className="mt-3 flex flex-col gap-5">
        <Field
          label="Limits"
          htmlFor={`${id}-limits`}
          error={errorOf("limits")}
          hint="Any of memory, processes, disk, minutes, cost and tokens; “none” lifts one."
        >
          <input
            className="field font-mono text-row!"
            placeholder="memory=2g, minutes=30, cost=5"
            value={limits}
            onChange={({ target: { value } }) => onLimits(value)}
            {...attributes("limits")}
          />
        </Field>
        <Field
          label="MCP servers"
          htmlFor={`${id}-mcp`}
          error={errorOf("mcp")}
          hint="JSON, as other programs write it. It may hold secrets, so it is neither kept here nor part of a link."
        >
          <textarea
            className="field min-h-20 resize-y font-mono text-row!"
            rows={3}
            placeholder={MCP_EXAMPLE}
            value={mcp}
            onChange={({ target: { value } }) => onMcp(value)}
            {...attributes("mcp")}
          />
        </Field>
      </div>
    </details>
  )
}
