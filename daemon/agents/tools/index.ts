import { bash } from "./bash.ts"
import { editFile, writeFile } from "./changes.ts"
import { listDir, readFile } from "./files.ts"
import { grep } from "./grep.ts"
import { noteTools } from "./notes.ts"
import type { Tool } from "./tool.ts"

/** By name. Those that change something ask first. */
export const tools: ReadonlyMap<string, Tool> = new Map(
  [readFile, listDir, grep, writeFile, editFile, bash, ...noteTools].map((tool) => [tool.name, tool]),
)
