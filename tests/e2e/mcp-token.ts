import type { Installation } from "./installation.ts"

/** A token of `agentz mcp token create`. */
export async function tokenOf(
  agentz: Installation,
  ...options: readonly string[]
): Promise<{ readonly token: string; readonly tokenId: string }> {
  const { stdout, stderr } = await agentz.run(["mcp", "token", "create", "--json", ...options])
  if (stdout === "") throw new Error(stderr)
  return JSON.parse(stdout)
}
