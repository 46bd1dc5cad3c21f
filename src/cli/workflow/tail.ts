import { defineCommand } from "../command.ts"
import { withPlane } from "../with-plane.ts"
import { followRun } from "./follow-run.ts"
import { whichRun } from "./which-run.ts"

export const tail = defineCommand({
  name: "workflow tail",
  summary: "tells what happened in a run and follows it until it is at rest",
  positionals: ["RUN"],
  flags: {},
  json: "print its events, one per line, each with runId",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => followRun(plane, await whichRun(plane, id), { io, json }))
  },
})
