// The workflows of the bench as Restate has them: node restate-service.mjs CACHE PORT JOURNAL_DIR
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { importFrom } from "./peer.mjs"

const [where, port, dir] = process.argv.slice(2)
// The SDK takes it for granted; Node has it from 22 on.
Promise.withResolvers ??= () => {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
const sdk = await importFrom(where, "@restatedev/restate-sdk")
const restate = sdk.default ?? sdk
const note = (line) => appendFileSync(join(dir, "journal"), `${line}\n`)

const steps = restate.workflow({
  name: "bench-steps",
  handlers: {
    run: async (ctx, { steps: count }) => {
      for (let step = 0; step < count; step++) await ctx.run(`s${step}`, () => step)
      return count
    },
  },
})
const held = restate.workflow({
  name: "bench-held",
  handlers: {
    run: async (ctx) => {
      await ctx.run("first", () => note(`done ${ctx.key}`))
      await ctx.run("long", async () => {
        note(`begin ${ctx.key}`)
        await new Promise((resolve) => setTimeout(resolve, 300_000))
      })
    },
  },
})
await restate.endpoint().bind(steps).bind(held).listen(Number(port))
process.stdout.write("READY\n")
