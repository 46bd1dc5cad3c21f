#!/usr/bin/env node
/**
 * An ACP agent that shares no line with agentz and no SDK with anybody: JSON-RPC by hand. What it does is written
 * in the prompt, one instruction per line. How it takes up a conversation is in PLAIN_RESUME: resume, load or none.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

const { PLAIN_RESUME = "resume", PLAIN_STATE = process.cwd(), PLAIN_STUBBORN, PLAIN_FAIL_ONCE } = process.env
const { PLAIN_MCP = "http" } = process.env
if (PLAIN_FAIL_ONCE && !existsSync(PLAIN_FAIL_ONCE)) {
  writeFileSync(PLAIN_FAIL_ONCE, "")
  console.error("no luck this time")
  process.exit(3)
}
if (PLAIN_STUBBORN) for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => undefined)

let sessionId = null
let mcpServers = []
let cancelled = null
let nextId = 1
const answers = new Map()
const model = { id: "model", name: "Model", category: "model", type: "select", currentValue: "small" }
const configOptions = () => [
  { ...model, options: ["small", "large"].map((value) => ({ value, name: value })) },
]

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const update = (fields) => write({ method: "session/update", params: { sessionId, update: fields } })
const say = (text) =>
  update({ sessionUpdate: "agent_message_chunk", messageId: `m${nextId}`, content: { type: "text", text } })
const ask = (method, params) =>
  new Promise((resolve) => {
    const id = `q${nextId++}`
    answers.set(id, resolve)
    write({ id, method, params })
  })
const stateOf = (id) => join(PLAIN_STATE, `${id}.txt`)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

class Refusal extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

async function perform(line, said) {
  const [word, ...rest] = line.split(" ")
  const text = rest.join(" ")
  switch (word) {
    case "say":
      return say(text)
    case "servers":
      return say(JSON.stringify(mcpServers))
    case "mcp":
      return say(await callTool(rest[0], JSON.parse(rest.slice(1).join(" "))))
    case "env":
      return say(JSON.stringify(process.env))
    case "recall":
      return say(`before: ${said.join(" | ")}`)
    case "log":
      return void process.stderr.write(`${text}\n`)
    case "raw":
      if (!process.stdout.write(readFileSync(text))) await once(process.stdout, "drain")
      return
    case "endless": {
      const piece = Buffer.alloc(1024 * 1024, 97)
      for (;;) if (!process.stdout.write(piece)) await once(process.stdout, "drain")
    }
    case "stream": {
      const [count, ms, bytes] = rest.map(Number)
      for (let n = 1; n <= count && cancelled !== true; n++) {
        say(`chunk ${n}/${count} ${"x".repeat(bytes)}\n`)
        await pause(ms)
      }
      return
    }
    case "run":
      await once(spawn("/bin/sh", ["-c", text], { stdio: "ignore" }), "exit")
      return say("ran")
    case "die":
      console.error("I break now")
      process.exit(7)
      break
    case "leave": {
      const child = spawn("/bin/sh", ["-c", "(setsid sleep 300 &) ; exit 0"], { stdio: "ignore" })
      await new Promise((resolve) => child.once("exit", resolve))
      return say("left")
    }
    case "hold":
      spawn("sleep", ["300"], { stdio: "ignore" })
      return say("held")
    case "wait":
      say("waiting")
      await new Promise((resolve) => {
        cancelled = resolve
      })
      return
    case "ask": {
      const toolCall = { toolCallId: `call${nextId++}`, title: text, kind: "execute", rawInput: { text } }
      update({ sessionUpdate: "tool_call", ...toolCall, status: "pending" })
      const options = [
        { optionId: "yes", name: "Yes", kind: "allow_once" },
        { optionId: "no", name: "No", kind: "reject_once" },
      ]
      const { outcome } = await ask("session/request_permission", { sessionId, toolCall, options })
      if (outcome.optionId === "yes") appendFileSync(join(process.cwd(), "ran.txt"), `${text}\n`)
      const status = outcome.optionId === "yes" ? "completed" : "failed"
      update({ sessionUpdate: "tool_call_update", toolCallId: toolCall.toolCallId, status })
      return
    }
  }
}

/** What a tool of the first server answers, as text. */
async function callTool(name, input) {
  const [{ url, headers, ...program }] = mcpServers
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } }
  if (url === undefined) return await callProgram(program, call)
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      ...Object.fromEntries(headers.map(({ name: header, value }) => [header, value])),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify(call),
  })
  return told(await answer.json())
}

const told = ({ result, error }) => (error ? JSON.stringify({ error }) : result.content[0].text)

/** The same of a server that is a program. */
async function callProgram({ command, args, env }, call) {
  const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]))
  const child = spawn(command, args, {
    env: { ...process.env, ...variables },
    stdio: ["pipe", "pipe", "inherit"],
  })
  child.stdin.write(`${JSON.stringify(call)}\n`)
  const [line] = await once(createInterface({ input: child.stdout }), "line")
  child.kill()
  return told(JSON.parse(line))
}

const methods = {
  initialize: () => ({
    protocolVersion: 1,
    agentInfo: { name: "plain", title: "Plain", version: "9.9.9" },
    agentCapabilities: {
      loadSession: PLAIN_RESUME === "load",
      mcpCapabilities: { http: PLAIN_MCP === "http" },
      ...(PLAIN_RESUME === "resume" && { sessionCapabilities: { resume: {} } }),
    },
  }),
  "session/new": (params) => {
    mcpServers = params.mcpServers
    sessionId = `plain-${process.pid}-${Date.now()}`
    writeFileSync(stateOf(sessionId), "")
    return { sessionId, configOptions: configOptions() }
  },
  "session/resume": (params) => {
    mcpServers = params.mcpServers
    return take(params.sessionId)
  },
  "session/load": (params) => {
    const taken = take(params.sessionId)
    say("this was said long ago")
    return taken
  },
  "session/set_config_option": ({ value }) => {
    if (value !== "small" && value !== "large") throw new Refusal(-32602, `no model "${value}"`)
    model.currentValue = value
    return { configOptions: configOptions() }
  },
  "session/prompt": async ({ prompt }) => {
    cancelled = null
    const said = readFileSync(stateOf(sessionId), "utf8").split("\n").filter(Boolean)
    const lines = prompt.flatMap((block) => block.text.split("\n"))
    appendFileSync(stateOf(sessionId), lines.map((line) => `${line}\n`).join(""))
    let stopped = false
    for (const line of lines) {
      await perform(line, said)
      if (cancelled === true) stopped = true
    }
    await pause(1)
    return { stopReason: stopped || cancelled === true ? "cancelled" : "end_turn" }
  },
}

function take(id) {
  if (!existsSync(stateOf(id))) throw new Refusal(-32002, `unknown session ${id}`)
  sessionId = id
  return { configOptions: configOptions() }
}

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { id, method, params, result } = JSON.parse(line)
    if (method === undefined) return answers.get(id)?.(result)
    if (method === "session/cancel") {
      const stop = cancelled
      cancelled = true
      return typeof stop === "function" ? stop() : undefined
    }
    try {
      const answer = methods[method]
      if (!answer) throw new Refusal(-32601, `no method ${method}`)
      write({ id, result: await answer(params) })
    } catch (error) {
      write({ id, error: { code: error.code ?? -32603, message: error.message } })
    }
  })
  .on("close", () => {
    if (!PLAIN_STUBBORN) process.exit(0)
  })
if (PLAIN_STUBBORN) setInterval(() => undefined, 1000)
