/**
 * What every agent in this program must do, whatever is behind it. The prompts are written in the directives that
 * the demo agent plays and that the fake model obeys, so one suite serves all.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test, vi } from "vitest"
import type { OpenAdapter } from "#daemon/agents/adapter"
import { processesOf } from "#daemon/process/tree"
import { AgentSession, type SessionOptions } from "../support/agent-session.ts"
import { Disposables } from "../support/disposables.ts"
import { tempDir } from "../support/temp-dir.ts"

/** Something an agent needs to run, e.g. the environment that leads it to a server. */
export interface Backdrop extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

export function describeAgent(name: string, adapter: () => OpenAdapter, backdrop: () => Promise<Backdrop>) {
  const start = async (options: Partial<SessionOptions> = {}) => {
    const stack = new Disposables()
    const { env } = stack.use(await backdrop())
    const dir = stack.use(await tempDir())
    const session = stack.use(
      await AgentSession.open({ adapter: adapter(), workingDir: dir.path, env, ...options }),
    )
    return {
      session,
      in: (file: string) => join(dir.path, file),
      /** Another session takes over, as after a kill. */
      interrupt: async (changed: Partial<SessionOptions> = {}, from = session) =>
        stack.use(await from.interrupt(changed)),
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    }
  }

  describe(name, () => {
    test("streams a text in the pieces it came in", async () => {
      await using world = await start()
      expect(await world.session.prompt("[[text n=20 ms=2]]")).toMatchObject({ stopReason: "end_turn" })
      expect(world.session.text).toBe(Array.from({ length: 20 }, (_, i) => `word${i + 1} `).join(""))
      const chunks = world.session.updates.filter((one) => one.sessionUpdate === "agent_message_chunk")
      expect(chunks.length).toBeGreaterThan(10)
      expect(new Set(chunks.map(({ messageId }) => messageId)).size).toBe(1)
    })

    test("thinks apart from what it says", async () => {
      await using world = await start()
      await world.session.prompt("[[think n=3]] [[say text=said]]")
      expect(world.session.itemsOf("thought").map(({ text }) => text)).toEqual([
        "thought 1. thought 2. thought 3. ",
      ])
      expect(world.session.text).toBe("said")
    })

    test("changes files when it may, and shows the change before", async () => {
      await using world = await start()
      await writeFile(world.in("b.txt"), "old text\n")
      await world.session.prompt(
        `[[write path=a.txt content="new\\n"]] [[edit path=b.txt old=old new=better]] [[bash cmd="cat a.txt b.txt > c.txt"]] [[read path=c.txt]]`,
      )
      expect(await readFile(world.in("c.txt"), "utf8")).toBe("new\nbetter text\n")
      expect(world.session.asks.map(({ toolCall }) => [toolCall.kind, toolCall.content])).toEqual([
        ["edit", [{ type: "diff", path: world.in("a.txt"), oldText: null, newText: "new\n" }]],
        [
          "edit",
          [{ type: "diff", path: world.in("b.txt"), oldText: "old text\n", newText: "better text\n" }],
        ],
        ["execute", []],
      ])
      expect(world.session.asks[0]?.options.map(({ kind }) => kind)).toEqual([
        "allow_once",
        "allow_always",
        "reject_once",
      ])
      expect(world.session.itemsOf("tool").at(-1)).toMatchObject({
        kind: "read",
        status: "completed",
        output: "new\nbetter text\n",
        locations: [{ path: world.in("c.txt") }],
      })
    })

    test("leaves alone what is refused, and goes on", async () => {
      await using world = await start({ decide: () => "deny" })
      const end = await world.session.prompt(
        "[[write path=a.txt]] [[bash cmd='touch b.txt']] [[say text=onward]]",
      )
      expect(end.stopReason).toBe("end_turn")
      for (const file of ["a.txt", "b.txt"]) await expect(readFile(world.in(file))).rejects.toThrow("ENOENT")
      expect(world.session.itemsOf("tool").map(({ status }) => status)).toEqual(["failed", "failed"])
      expect(world.session.itemsOf("message").at(-1)?.text).toBe("onward")
    })

    test("asks the questions of parallel calls at once", async () => {
      await using world = await start({ decide: () => null })
      const { session } = world
      const turn = session.prompt(
        "[[write path=a.txt content=a]]&[[write path=b.txt content=b]] [[say text=end]]",
      )
      await session.saw(({ session }) => session.approvals.length === 2)
      for (const { toolCall } of session.asks)
        session.answer(toolCall.toolCallId, toolCall.title?.includes("a.txt") ? "deny" : "allow")
      await turn
      await expect(readFile(world.in("a.txt"))).rejects.toThrow("ENOENT")
      expect(await readFile(world.in("b.txt"), "utf8")).toBe("b")
      expect(session.itemsOf("message").at(-1)?.text).toBe("end")
    })

    test("tells the output of a command while it runs", async () => {
      await using world = await start()
      const { session } = world
      const turn = session.prompt(
        `[[bash cmd="echo early; sleep 0.01; echo more; while ! test -e go; do sleep 0.02; done; echo late"]]`,
      )
      await session.saw(() => session.itemsOf("tool")[0]?.output === "early\nmore\n")
      await writeFile(world.in("go"), "")
      await turn
      expect(session.itemsOf("tool")[0]).toMatchObject({ output: "early\nmore\nlate", status: "completed" })
    })

    test("stops at once when cancelled while it speaks", async () => {
      await using world = await start()
      const turn = world.session.prompt("[[slow n=1000 ms=20]]")
      await world.session.saw(({ text }) => text.includes("chunk 3"))
      const cancelled = performance.now()
      await world.session.cancel()
      expect(await turn).toMatchObject({ stopReason: "cancelled" })
      expect(performance.now() - cancelled).toBeLessThan(500)
    })

    test("a cancel while it asks ends the turn without an answer", async () => {
      await using world = await start({ decide: () => null })
      const turn = world.session.prompt("[[write path=a.txt]]")
      await world.session.saw(({ asks }) => asks.length === 1)
      await world.session.cancel()
      expect(await turn).toMatchObject({ stopReason: "cancelled" })
      await expect(readFile(world.in("a.txt"))).rejects.toThrow("ENOENT")
    })

    test("a cancel ends every process of a running command, the stubborn and the detached", async () => {
      await using world = await start()
      const { session } = world
      const marker = ["AGENTZ_SESSION", session.session.sessionId] as const
      const turn = session.prompt(
        `[[bash cmd="trap '' TERM; setsid sleep 300 & (sleep 300 &) ; sleep 300 & echo up; wait"]]`,
      )
      await session.saw(() => session.itemsOf("tool")[0]?.output.includes("up"))
      expect(processesOf({ marker }).length).toBeGreaterThanOrEqual(3)
      const cancelled = performance.now()
      await session.cancel()
      expect(await turn).toMatchObject({ stopReason: "cancelled" })
      expect(performance.now() - cancelled).toBeLessThan(1000)
      expect(processesOf({ marker })).toEqual([])
      expect(session.itemsOf("tool")[0]).toMatchObject({
        status: "failed",
        interrupted: false,
        output: "up\n[cancelled by the user]",
      })
    })

    test("can be prompted again after a cancel", async () => {
      await using world = await start()
      const turn = world.session.prompt("[[slow n=1000 ms=20]]")
      await world.session.saw(({ text }) => text.includes("chunk 2"))
      await world.session.cancel()
      await turn
      expect(await world.session.prompt("[[say text=back]]")).toMatchObject({ stopReason: "end_turn" })
      expect(world.session.itemsOf("message").at(-1)?.text).toBe("back")
    })

    test("remembers earlier messages, also in another process", async () => {
      await using world = await start()
      await world.session.prompt("[[say text=first]]")
      const next = await world.interrupt()
      await next.prompt("[[recall]]")
      expect(next.itemsOf("message").at(-1)?.text).toContain("RECALL 1 earlier user messages")
      expect(next.itemsOf("message").at(-1)?.text).toContain("<[[say text=first]]>")
    })

    test("a permission that was open at a kill is asked again with the same input, then the turn goes on", async () => {
      await using world = await start({ decide: () => null })
      const { session } = world
      session.prompt("[[list]] [[write path=a.txt content=a]] [[say text=end]]").catch(ignored)
      await session.saw(({ asks }) => asks.length === 1)
      const next = await world.interrupt({ decide: () => "allow" })
      expect(await next.resume()).toMatchObject({ stopReason: "end_turn" })

      expect(next.asks.map(({ toolCall }) => toolCall.rawInput)).toEqual([session.asks[0]?.toolCall.rawInput])
      expect(next.asks[0]?.toolCall.toolCallId).not.toBe(session.asks[0]?.toolCall.toolCallId)
      expect(await readFile(world.in("a.txt"), "utf8")).toBe("a")
      expect(next.itemsOf("message").at(-1)?.text).toBe("end")
      expect(next.itemsOf("message").filter(({ text }) => text === "end")).toHaveLength(1)
    })

    test("of parallel calls only the one that waited is asked again", async () => {
      await using world = await start({
        decide: ({ toolCall }) => (/a.txt/.test(toolCall.title ?? "") ? "allow" : null),
      })
      const { session } = world
      session
        .prompt("[[write path=a.txt content=a]]&[[write path=b.txt content=b]] [[say text=end]]")
        .catch(ignored)
      await session.saw(() => session.itemsOf("tool").some(({ status }) => status === "completed"))
      await session.saw(({ asks }) => asks.length === 2)
      const next = await world.interrupt({ decide: () => "allow" })
      await next.resume()

      expect(next.asks.map(({ toolCall }) => toolCall.title)).toEqual(["Create b.txt"])
      expect(await readFile(world.in("b.txt"), "utf8")).toBe("b")
      expect(next.itemsOf("message").at(-1)?.text).toBe("end")
    })

    test("a call that was running at a kill is not run again", async () => {
      await using world = await start()
      const { session } = world
      session.prompt(`[[bash cmd="echo x >> log; sleep 300"]] [[say text=end]]`).catch(ignored)
      await vi.waitFor(() => readFile(world.in("log")))
      const next = await world.interrupt()
      expect(await next.resume()).toMatchObject({ stopReason: "end_turn" })

      expect(await readFile(world.in("log"), "utf8")).toBe("x\n")
      expect(next.itemsOf("tool")).toHaveLength(1)
      expect(next.itemsOf("message").at(-1)?.text).toBe("end")
    })

    test("a text that was cut off at a kill is said again whole", async () => {
      await using world = await start()
      const { session } = world
      session.prompt("[[list]] [[slow n=15 ms=20]]").catch(ignored)
      await session.saw(({ text }) => text.includes("chunk 5/15"))
      const next = await world.interrupt()
      await next.resume()

      expect(next.itemsOf("message").at(-1)?.text).toMatch(/^chunk 1\/15\n(.*\n)*chunk 15\/15\n$/)
      expect(next.itemsOf("tool")).toHaveLength(1)
    })

    test("survives being killed at every step of a turn", async () => {
      await using world = await start()
      let session = world.session
      let turn = session.prompt(
        "[[write path=a content=1]] [[edit path=a old=1 new=2]] [[bash cmd='echo 3 >> a']] [[say text=end]]",
      )
      for (const done of [1, 2, 3]) {
        turn.catch(ignored)
        const calls = () => session.itemsOf("tool").filter(({ status }) => status === "completed").length
        await session.saw(() => calls() >= done)
        session = await world.interrupt({}, session)
        turn = session.resume()
      }
      await turn
      const { length } = session.itemsOf("tool")
      expect(session.itemsOf("message").at(-1)?.text).toBe("end")
      expect(length).toBe(3)
    })

    test("an error ends the turn with a failure that names a remedy, and the next turn works", async () => {
      await using world = await start()
      await expect(world.session.prompt("[[error status=401]]")).rejects.toThrow()
      expect(world.session.session).toMatchObject({ status: "failed", error: { code: "provider_auth" } })
      expect(world.session.session.error?.hint).toBeTruthy()
      await world.session.prompt("[[say text=again]]")
      expect(world.session.session.status).toBe("completed")
    })

    test("keeps its own environment from the processes of its tools", async () => {
      await using world = await start()
      await world.session.prompt("[[bash cmd=env]]")
      const output = world.session.itemsOf("tool")[0]?.output ?? ""
      expect(output).toContain("AGENTZ_TOOL=bash_")
      expect(output).not.toContain("_API_KEY")
      expect(output).not.toContain("VITEST")
    })

    test.each(["../outside.txt", "/etc/hostname"])(
      "reads nothing outside its directory: %s",
      async (path) => {
        await using world = await start()
        await world.session.prompt(`[[read path=${path}]] [[write path=${path}]] [[say text=end]]`)
        expect(world.session.asks).toEqual([])
        for (const { status, output } of world.session.itemsOf("tool")) {
          expect(status).toBe("failed")
          expect(output).toContain("outside the working directory")
        }
      },
    )
  })
}

const ignored = () => undefined
