import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"

const run = promisify(execFile)

/** The first block of a language after a heading. */
function block(page: string, heading: string, language: string): string {
  const [, after = ""] = page.split(`\n## ${heading}\n`)
  const [, code] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(after) ?? []
  if (code === undefined) throw new Error(`there is no ${language} under ${heading}`)
  return code
}

test("the example of the library compiles against its types, runs, and prints what the page says", async () => {
  const page = readFileSync("docs/streams-engine.md", "utf8")
  await using dir = await tempDir()
  const modules = join(dir.path, "node_modules")
  mkdirSync(modules)
  symlinkSync(resolve("."), join(modules, "agentz"))
  symlinkSync(resolve("node_modules/@types"), join(modules, "@types"))
  writeFileSync(join(dir.path, "package.json"), JSON.stringify({ type: "module" }))
  writeFileSync(join(dir.path, "example.ts"), block(page, "Embedding it", "ts"))
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    types: ["node"],
    skipLibCheck: false,
  }
  writeFileSync(join(dir.path, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["example.ts"] }))

  const compiler = resolve("node_modules/typescript/bin/tsc")
  await run(process.execPath, [compiler, "-p", dir.path]).catch(({ stdout }) => {
    throw new Error(stdout)
  })
  const { stdout } = await run(process.execPath, ["example.js"], { cwd: dir.path })
  expect(stdout).toBe(block(page, "Embedding it", "text"))
})
