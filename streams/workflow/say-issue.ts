/** What the schema found wrong, in sentences that name the remedy. */
import type { z } from "zod"
import { closest } from "../closest.ts"
import { Input, ItemStep, Step, WorkflowDefinition } from "./definition.ts"
import type { Place } from "./texts.ts"

interface Said {
  readonly place: Place
  readonly message: string
  /** It is the key at that place that is wrong, and not what it holds. */
  readonly isKey?: boolean
}

type Issue = z.core.$ZodIssue

export function sayIssue(issue: Issue, whole: unknown): readonly Said[] {
  const place = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))
  const say = (message: string): readonly Said[] => [{ place, message }]
  const field =
    place.length === 0 ? "The definition" : `\`${place.filter((part) => typeof part === "string").at(-1)}\``
  const value = valueAt(whole, place)
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        place: [...place, key],
        message: sayUnknown(key, place, value),
        isKey: true,
      }))
    case "invalid_type":
      return say(
        value === undefined
          ? `${field} is missing: give it.`
          : `${field} must be ${typeWord(issue.expected)}.`,
      )
    case "invalid_union":
      return issue.discriminator === undefined
        ? say(sayUnion(field, issue))
        : [{ place, message: sayKind(issue.discriminator, valueAt(whole, place), place) }]
    case "invalid_value":
      return say(`${field} must be ${issue.values.map((one) => JSON.stringify(one)).join(" or ")}.`)
    case "too_small":
      return say(
        issue.origin === "number"
          ? `${field} must be ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}.`
          : `${field} must not be empty.`,
      )
    case "too_big":
      return say(`${field} is too ${issue.origin === "number" ? "large" : "long"}: at most ${issue.maximum}.`)
    case "invalid_key":
      return issue.issues.flatMap((inner) => say(`The name \`${place.at(-1)}\` ${inner.message}.`))
    default:
      return say(`${field} ${issue.message}.`)
  }
}

const typeWord = (expected: string): string =>
  ({
    string: "text: put it in quotes if it looks like a number",
    array: "a list",
    record: "a mapping of names to values",
    object: "a mapping",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
  })[expected] ?? expected

/** Without a discriminator: what its members want, the first of each. */
function sayUnion(field: string, { errors }: z.core.$ZodIssueInvalidUnion): string {
  const wanted = errors.flatMap(([first]) =>
    first?.code === "invalid_type" ? [typeWord(first.expected)] : first === undefined ? [] : [first.message],
  )
  return `${field} must be ${[...new Set(wanted)].join(", or ")}.`
}

const KINDS = (schema: typeof Step | typeof ItemStep): readonly string[] =>
  schema.options.map(({ shape }) => shape.kind.value)

function sayKind(discriminator: string, value: unknown, place: Place): string {
  const known =
    discriminator === "type"
      ? Input.options.map(({ shape }) => shape.type.value)
      : KINDS(place.includes("step") ? ItemStep : Step)
  const what = discriminator === "type" ? "An input" : "A step"
  if (typeof value !== "string") return `${what} needs its \`${discriminator}\`: one of ${known.join(", ")}.`
  const near = closest(value, known)
  return `There is no ${discriminator} \`${value}\`: ${near === null ? `it is one of ${known.join(", ")}` : `did you mean \`${near}\``}${near === null ? "." : "?"}`
}

function sayUnknown(key: string, place: Place, value: unknown): string {
  const known = knownKeys(place, value)
  const near = closest(key, known)
  const where =
    place.length === 0
      ? "a definition"
      : isStep(place)
        ? `a step of kind ${kindOf(value)}`
        : `\`${place.at(-1)}\``
  const remedy =
    near !== null
      ? `Did you mean \`${near}\`?`
      : known.length > 0
        ? `It has ${known.join(", ")}.`
        : "Take it out."
  return `There is no \`${key}\` in ${where}. ${remedy}`
}

const isStep = (place: Place): boolean =>
  place.at(-1) === "step" || (place.length === 2 && place[0] === "steps")

const kindOf = (value: unknown): string =>
  typeof value === "object" && value !== null && "kind" in value ? String(value.kind) : "?"

function knownKeys(place: Place, value: unknown): readonly string[] {
  if (place.length === 0) return Object.keys(WorkflowDefinition.shape)
  if (!isStep(place)) return []
  const schema = place.at(-1) === "step" ? ItemStep : Step
  const option = schema.options.find(({ shape }) => shape.kind.value === kindOf(value))
  return option === undefined ? [] : Object.keys(option.shape)
}

const valueAt = (whole: unknown, place: Place): unknown =>
  place.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null
        ? (value as Readonly<Record<string | number, unknown>>)[part]
        : undefined,
    whole,
  )
