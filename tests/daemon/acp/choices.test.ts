import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { optionsOf, ownModeFor } from "#daemon/acp/choices"
import { promptParts } from "#daemon/acp/prompt-parts"
import type { PermissionMode } from "#streams/event"

/** What a real agent offered when it was recorded. */
function offeredIn(name: string) {
  for (const line of readFileSync(`tests/fixtures/transcripts/acp.${name}.jsonl`, "utf8").split("\n")) {
    if (!line.includes('"configOptions"')) continue
    const { msg } = JSON.parse(line)
    const { modes = null, configOptions } = msg.result ?? msg.params?.update ?? {}
    if (configOptions) return { modes, configOptions }
  }
  throw new Error(`${name} offered nothing.`)
}

test.each([
  [
    "claude-acp-latest",
    { ask: "default", accept_edits: "acceptEdits", read_only: "default", bypass: "default" },
  ],
  [
    "codex-acp",
    { ask: "read-only", accept_edits: "workspace-write", read_only: "read-only", bypass: "workspace-write" },
  ],
  ["opencode", { ask: "build", accept_edits: "build", read_only: "plan", bypass: "build" }],
])("%s is put into a mode in which it leaves the answers to us", (name, wanted) => {
  const options = optionsOf(offeredIn(name))
  expect(options.map(({ category }) => category)).toContain("model")
  for (const [mode, own] of Object.entries(wanted))
    expect([mode, ownModeFor(mode as PermissionMode, options)?.value]).toEqual([mode, own])
})

test("modes without a config option for them are shown as one", () => {
  const modes = {
    currentModeId: "a",
    availableModes: [
      { id: "a", name: "A" },
      { id: "b", name: "B" },
    ],
  }
  expect(optionsOf({ modes, configOptions: [] })).toEqual([
    {
      id: "mode",
      name: "Mode",
      category: "mode",
      value: "a",
      choices: [
        { value: "a", name: "A" },
        { value: "b", name: "B" },
      ],
    },
  ])
})

const file = (mimeType: string) => ({ type: "file", path: "a", name: "a", blob: "b", mimeType }) as const
const read = async () => new TextEncoder().encode("content")
const partsFor = (attachment: Parameters<typeof promptParts>[0]["attachments"], can: object) =>
  promptParts({ text: "look", attachments: attachment }, { can, read })

test("attachments are told in the words that the agent takes, and refused where it takes none", async () => {
  const image = { type: "image", mimeType: "image/png", blob: "b" } as const
  expect(await partsFor([image], { image: true })).toEqual([
    { type: "text", text: "look" },
    { type: "image", data: "Y29udGVudA==", mimeType: "image/png" },
  ])
  expect((await partsFor([file("text/plain")], { embeddedContext: true }))[1]).toMatchObject({
    type: "resource",
    resource: { text: "content" },
  })
  expect(await partsFor([file("text/plain")], {})).toEqual([
    { type: "text", text: "look\n\n[Attached file a]\ncontent\n[End of a]" },
  ])
  await expect(partsFor([image], {})).rejects.toMatchObject({ failure: { code: "attachment_not_taken" } })
  await expect(partsFor([file("application/zip")], {})).rejects.toMatchObject({
    failure: { code: "attachment_not_taken" },
  })
})
