// 500 sessions that are followed at once, one append at a time.
import { follow } from "../connection.mjs"
import { median, quantile, wait } from "../figures.mjs"
import { append, writeSession } from "./installation.mjs"

const READERS = 500
const PER_CONNECTION = 100

/** So many sessions followed through one server; `over` says how many go over one connection. */
async function tails({ port, root, token, names, over }) {
  const late = []
  let expect = null
  const hear = (chunk) => {
    if (expect !== null && chunk.includes(expect.mark)) {
      late.push(performance.now() - expect.at)
      expect.heard()
    }
  }
  const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`
  const paths =
    over === 1
      ? names.map((name) => `${root}/${name}?offset=now&live=sse`)
      : Array.from({ length: READERS / PER_CONNECTION }, (_, index) => {
          const some = names.slice(index * PER_CONNECTION, (index + 1) * PER_CONNECTION)
          return `/v1/live?${some.map((name) => `s=${name}@now`).join("&")}`
        })
  const followers = []
  for (const path of paths) followers.push(await follow(port, `GET ${path} HTTP/1.1\r\n${head}`, hear))
  await wait(1_500)
  return {
    late,
    /** One append to a stream, and the wait for its reader. */
    async turn(write, number) {
      const mark = `mark-${number}-`
      const heard = new Promise((resolve) => {
        expect = { mark, at: performance.now(), heard: resolve }
      })
      await Promise.all([write(mark), heard])
      expect = null
    },
    close: () => {
      for (const follower of followers) follower.close()
    },
  }
}

/** 500 readers through the API, and at the stream server itself, in turns. */
export async function crowds({ installation, say }) {
  say("500 live tails")
  const { streams } = installation
  const names = []
  for (let index = 0; index < READERS; index++)
    names.push(`${await writeSession(streams, `Tail ${index}`, [])}/events`)
  const { port, pathname } = new URL(streams.url)
  const api = { port: new URL(installation.api).port, root: "/v1/stream", token: installation.token, names }
  const at = {
    live: () => tails({ ...api, over: 100 }),
    tails: () => tails({ ...api, over: 1 }),
    direct: () => tails({ port, root: pathname, token: streams.token, names, over: 1 }),
  }
  const figures = {}
  for (const [what, open] of Object.entries(at)) {
    const crowd = await open()
    for (let turn = 0; turn < 220; turn++)
      await crowd.turn((mark) => append(streams, names[(turn * 37) % names.length], [{ text: mark }]), turn)
    crowd.close()
    await wait(500)
    const late = crowd.late.slice(20)
    figures[`${what}.p50`] = median(late)
    figures[`${what}.p99`] = quantile(late, 0.99)
  }
  return figures
}
