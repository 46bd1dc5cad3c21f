import type { ReactNode } from "react"
import type { Refusal } from "../-app/refusal.ts"

/** A labelled field with its hint, or with what is wrong with it. */
export function Field(props: {
  readonly label: string
  readonly htmlFor: string
  readonly children: ReactNode
  readonly hint?: string | undefined
  readonly error?: ReactNode
}) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={props.htmlFor} className="text-row font-medium">
        {props.label}
      </label>
      {props.children}
      {props.error ?? (props.hint && <p className="text-note text-quiet">{props.hint}</p>)}
    </div>
  )
}

export function Problem({ id, refusal }: { readonly id: string; readonly refusal: Refusal }) {
  return (
    <p id={id} role="alert" className="text-row text-fail">
      {refusal.message}
      {refusal.kind === "away" && " Your prompt is kept here; press Start again when it is back."}
      {refusal.reason && <span className="ml-2 font-mono text-note text-quiet">{refusal.reason}</span>}
    </p>
  )
}
