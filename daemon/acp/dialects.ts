/** Which habits an agent has. Whoever is not in the list keeps to the protocol. */
import { claude } from "./claude.ts"
import { codex } from "./codex.ts"
import { generic } from "./generic.ts"
import { opencode } from "./opencode.ts"
import type { Dialect } from "./said.ts"

const DIALECTS: Readonly<Record<string, Dialect>> = { claude, codex, opencode }

export const dialectOf = (agentType: string): Dialect =>
  Object.hasOwn(DIALECTS, agentType) ? (DIALECTS[agentType] ?? generic) : generic
