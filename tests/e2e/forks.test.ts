/** A fork stands by itself: from any event, by command, and when the session it comes from is gone. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { readBlob } from "#streams/blob"
import { SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { filesIn, repository } from "../support/repository.ts"
import { Installation, refusalOf, saidIn } from "./installation.ts"

const edit = (text: string) => `[[bash cmd="echo ${text} > a.txt"]]`
const over =
  (turns: number) =>
  (session: Session): boolean =>
    session.turns === turns && session.status === "completed" && session.daemon === null

test("a fork by command has the words and files of its checkpoint, does what it is told, and refuses what is not there", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  await agentz.up()
  const sessionId = await agentz.spawn(`first ${edit("two")}`, "--cwd", at.path)
  await agentz.until(sessionId, "parked", over(1))
  await agentz.run(["send", sessionId, `second ${edit("three")}`])
  await agentz.until(sessionId, "parked again", over(2))

  const short = sessionId.replace("ses_", "").slice(0, 6)
  const forked = await agentz.run([
    "fork",
    short,
    "[[recall]]",
    "--at",
    "2",
    "--title",
    "Other way",
    "--json",
  ])
  expect(forked.code).toBe(0)
  const [first = ""] = forked.stdout.split("\n")
  const fork = SessionId.parse(JSON.parse(first).sessionId)
  const session = await agentz.until(fork, "over", over(2))
  expect(saidIn(session)).toContain("RECALL 1 earlier user messages")
  expect(saidIn(session)).toContain("<first ")
  expect(filesIn(session.workingDir ?? "")).toEqual({ "a.txt": "- two\n" })
  expect((await agentz.run(["ls"])).stdout).toContain("Other way")
  expect(at.read("a.txt")).toBe("three\n")

  const reasonOf = async (...args: readonly string[]) =>
    JSON.parse((await agentz.run(["fork", ...args, "--json"])).stderr).error.reason
  expect(await reasonOf(sessionId, "--at", "9")).toBe("unknown_checkpoint")
  expect(await reasonOf("ses_nothere")).toBe("unknown_session")
  const quiet = JSON.parse((await agentz.run(["fork", sessionId, "--json"])).stdout)
  expect(filesIn(quiet.workingDir)).toEqual({ "a.txt": "- three\n" })
})

test("a fork from any event has what was said up to it, and the files of the checkpoint before it", async () => {
  await using at = await repository()
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
  const { agent } = agentz.client(await agentz.up())
  const script = `[[say text=red]] ${edit("two")} [[say text=blue]] ${edit("three")}`
  const sessionId = await agentz.spawn(script, "--cwd", at.path)
  await agentz.until(sessionId, "parked", over(1))
  const events = await agentz.events(sessionId)
  const blue = events.find((event) => event.type === "agent_message" && event.text.includes("blue"))
  const { sessionId: fork, workingDir } = await agent.fork.mutate({ sessionId, seq: blue?.seq ?? 0 })
  const session = await agentz.session(fork)
  expect(session).toMatchObject({
    forkedFrom: { sessionId, seq: blue?.seq },
    turnId: null,
    status: "cancelled",
  })
  expect(saidIn(session)).toContain("blue")
  expect(session.items.filter((item) => item.type === "tool")).toHaveLength(1)
  // In mid-turn the files were not kept: they are as they were when it began.
  expect(filesIn(workingDir)).toEqual({ "a.txt": "- one\n" })
  expect((await refusalOf(agent.fork.mutate({ sessionId, seq: 0 }))).reason).toBe("no_checkpoints")
})

test.each([{ plain: false }, { plain: true }])(
  "a fork keeps its checkpoints, files and long outputs when the other session is pruned (plain: $plain)",
  async ({ plain }) => {
    await using at = await repository({ plain })
    if (plain) at.write("a.txt", "one\n")
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "0.2" })
    const { agent } = agentz.client(await agentz.up())
    const long = `[[bash cmd="seq 1 40000"]]`
    const own = plain ? [] : ["--worktree"]
    const sessionId = await agentz.spawn(`${long} ${edit("two")}`, "--cwd", at.path, ...own)
    const source = await agentz.until(sessionId, "parked", over(1))
    const { sessionId: fork, workingDir } = await agent.fork.mutate({ sessionId })
    if (!plain) at.git(["commit", "-qam", "two"], source.workingDir ?? "")
    expect(await agent.prune.mutate({ sessionIds: [sessionId] })).toMatchObject({ pruned: [{ sessionId }] })

    const session = await agentz.session(fork)
    const [tool] = session.items.filter((item) => item.type === "tool")
    const blob = tool?.outputBlob?.blob ?? ""
    expect(blob).toMatch(new RegExp(`^${fork}/blob-`))
    let output = ""
    for await (const piece of readBlob(agentz.endpoint, blob)) output += Buffer.from(piece)
    expect(output.trim().split("\n")).toHaveLength(40_000)
    expect((await agentz.run(["show", fork, "--output", tool?.toolCallId ?? ""])).stdout).toBe(output)

    await agentz.run(["send", fork, edit("three")])
    await agentz.until(fork, "parked", over(2))
    await agent.restore.mutate({ sessionId: fork, n: 1 })
    expect(readFileSync(join(workingDir, "a.txt"), "utf8")).toBe("one\n")
    if (!plain) expect(existsSync(source.workingDir ?? "")).toBe(false)
  },
)
