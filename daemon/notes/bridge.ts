/**
 * The notes of a session as a program, for an agent that starts its MCP servers and reaches none over HTTP: each line goes
 * to where the daemon serves them, and the answer comes back as one.
 */
import { createInterface } from "node:readline"

const { AGENTZ_NOTES_URL: url = "", AGENTZ_NOTES_TOKEN: token = "" } = process.env
const headers = {
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue
  const answer = await fetch(url, { method: "POST", headers, body: line })
  const text = (await answer.text()).trim()
  // A notification has none.
  if (text !== "") process.stdout.write(`${text}\n`)
}
