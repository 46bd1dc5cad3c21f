/** A question at the terminal, answered by one letter. */
import { createInterface } from "node:readline"
import type { Decision } from "#streams/event"
import type { Io } from "./io.ts"

const ANSWERS: Readonly<Record<string, Decision>> = {
  y: "allow",
  yes: "allow",
  n: "deny",
  no: "deny",
  a: "allow_always",
  always: "allow_always",
}

/**
 * Asks until it is answered. `null`: the input ended, or `signal` aborted because somebody else answered.
 * The terminal stays in line mode, so that Ctrl-C is a signal and not a letter.
 */
export async function askDecision(io: Io, signal: AbortSignal): Promise<Decision | null> {
  const lines = createInterface({ input: io.stdin, terminal: false, signal })
  try {
    io.stdout.write("  Allow it? [y]es, [n]o, [a]lways: ")
    for await (const line of lines) {
      const decision = ANSWERS[line.trim().toLowerCase()]
      if (decision !== undefined) return decision
      io.stdout.write("  Please answer y, n or a: ")
    }
    return null
  } finally {
    lines.close()
  }
}

/** Asks once, for yes or no. No, where the input ends. */
export async function confirmed(io: Io, question: string): Promise<boolean> {
  const lines = createInterface({ input: io.stdin, terminal: false })
  try {
    io.stdout.write(`${question} [y]es, [n]o: `)
    for await (const line of lines) return /^y(es)?$/i.test(line.trim())
    return false
  } finally {
    lines.close()
  }
}
