/** A server of tools that a session's agent is given: a program to start, or an address. */
import { z } from "zod"

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be letters, digits, _, . and -, at most 64")
const Text = z
  .string()
  .max(8192)
  .refine((text) => !text.includes("\0"), "must not hold a NUL character")
const Variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable's name"), Text)
/** By name, as the header is sent. No line can be slipped in between. */
const Headers = z.record(
  z.string().regex(/^[A-Za-z0-9-]{1,128}$/, "must be a header's name"),
  Text.refine((text) => !/[\r\n]/.test(text), "must be one line"),
)
const Address = z
  .string()
  .max(2048)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "must be an http:// or https:// address",
  )

export const McpServer = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stdio"),
    name: Name,
    /** A program on the PATH, or its whole path. */
    command: Text.min(1),
    args: z.array(Text).max(256).default([]),
    env: Variables.default({}),
  }),
  z.strictObject({ type: z.literal("http"), name: Name, url: Address, headers: Headers.default({}) }),
  z.strictObject({ type: z.literal("sse"), name: Name, url: Address, headers: Headers.default({}) }),
])
export type McpServer = z.infer<typeof McpServer>
export const McpServers = z
  .array(McpServer)
  .max(32)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "two of them have the same name")

/** What may not be written down: all that is handed to a server in its environment or as a header. */
export const secretsOfServers = (servers: readonly McpServer[] = []): Readonly<Record<string, string>> =>
  Object.assign(
    {},
    ...servers.map((server) =>
      Object.fromEntries(
        Object.entries(server.type === "stdio" ? server.env : server.headers).map(([name, value]) => [
          `${server.name} ${name}`,
          // Whoever tells a token does not tell its scheme.
          value.replace(/^(bearer|basic) +/i, ""),
        ]),
      ),
    ),
  )
