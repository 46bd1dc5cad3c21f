/** What a person types into the form of a schedule or a webhook, and what that asks for. Pure. */
import type { Inputs, WorkflowDefinition } from "#streams/workflow/definition"
import type { When } from "./run-api.ts"
import { inputsOf, type Typed, wrongIn } from "./start-form.ts"

export interface TypedWhen {
  readonly kind: "every" | "cron"
  readonly every: string
  readonly cron: string
  readonly timeZone: string
}

/** `null` while it is not said yet. */
export function whenOf({ kind, every, cron, timeZone }: TypedWhen): When | null {
  if (kind === "every") return every.trim().length < 2 ? null : { every: every.trim() }
  const zone = timeZone.trim()
  return cron.trim() === "" ? null : { cron: cron.trim(), ...(zone !== "" && { timeZone: zone }) }
}

export interface TypedStart {
  readonly typed: Typed
  readonly dir: string
  /** The input that gets the body of a request; empty: none. */
  readonly bodyInput: string
}

export interface StartRequest {
  readonly name: string
  readonly inputs: Inputs
  readonly workingDir?: string
  readonly bodyInput?: string
}

/** What it would start, or by input what is wrong with it. The body of a request is read when it comes. */
export function startRequestOf(
  definition: WorkflowDefinition,
  { typed, dir, bodyInput }: TypedStart,
): StartRequest | { readonly wrong: Readonly<Record<string, string>> } {
  const { [bodyInput]: _, ...wrong } = wrongIn(definition, typed)
  if (Object.keys(wrong).length > 0) return { wrong }
  const { [bodyInput]: __, ...inputs } = inputsOf(definition.inputs ?? {}, typed)
  const workingDir = dir.trim()
  return {
    name: definition.name,
    inputs,
    ...(workingDir !== "" && { workingDir }),
    ...(bodyInput !== "" && { bodyInput }),
  }
}

/** A command that shows how the webhook is called. */
export const curlOf = (address: string, secret: string): string =>
  `curl -X POST ${address} -H 'Authorization: Bearer ${secret}' -H 'Idempotency-Key: 1' -d '{}'`
