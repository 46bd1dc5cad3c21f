// A cheap HTTP client, so that the server is what is measured: one socket, one request at a time, no parsing
// beyond what is needed.
import { connect } from "node:net"
import { TOKEN } from "./servers.mjs"

const HEAD_END = Buffer.from("\r\n\r\n")
const EMPTY = Buffer.alloc(0)

/** @typedef {{ status: number, head: string, bytes: number }} Answer */

export class Connection {
  #socket
  #pending = EMPTY
  #settle = null
  #answer = null
  #left = 0
  #chunked = false
  #tail = ""
  #error = null

  constructor(port) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true })
    this.#socket.on("data", (chunk) => this.#take(chunk))
    this.#socket.on("error", (error) => this.#fail(error))
    this.#socket.on("close", () => this.#fail(new Error("the server closed the connection")))
  }

  /** @returns {Promise<Answer>} */
  send(request) {
    if (this.#error) return Promise.reject(this.#error)
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request, "latin1")
    })
  }

  close() {
    this.#socket.destroy()
  }

  #take(data) {
    let chunk = data
    if (this.#answer === null) {
      const all = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
      const end = all.indexOf(HEAD_END)
      if (end === -1) {
        this.#pending = all
        return
      }
      this.#pending = EMPTY
      const head = all.latin1Slice(0, end)
      this.#answer = { status: Number(head.slice(9, 12)), head, bytes: 0 }
      this.#chunked = /transfer-encoding: *chunked/i.test(head)
      this.#left = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      this.#tail = ""
      chunk = all.subarray(end + 4)
      if (this.#answer.status === 204 || this.#answer.status === 304) return this.#done()
    }
    this.#answer.bytes += chunk.length
    this.#left -= chunk.length
    if (this.#chunked) {
      this.#tail = (this.#tail + chunk.latin1Slice(Math.max(0, chunk.length - 7))).slice(-7)
      if (this.#tail === "\r\n0\r\n\r\n" || this.#tail === "0\r\n\r\n") this.#done()
    } else if (this.#left <= 0) this.#done()
  }

  #done() {
    const { resolve } = this.#settle
    const answer = this.#answer
    this.#answer = null
    this.#settle = null
    resolve(answer)
  }

  #fail(error) {
    this.#error = error
    this.#settle?.reject(error)
    this.#settle = null
  }
}

const JSON_TYPE = "Content-Type: application/json\r\n"

/** Requests as text, for one server. */
export class Requests {
  #root
  #common

  constructor({ root, port }) {
    this.#root = root
    this.#common = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n`
  }

  create(name) {
    return `PUT ${this.#root}/${name} HTTP/1.1\r\n${this.#common}${JSON_TYPE}Content-Length: 0\r\n\r\n`
  }

  remove(name) {
    return `DELETE ${this.#root}/${name} HTTP/1.1\r\n${this.#common}\r\n`
  }

  read(name, query) {
    return `GET ${this.#root}/${name}?${query} HTTP/1.1\r\n${this.#common}\r\n`
  }

  append(name, body) {
    return `${this.#head(name, body)}\r\n${body}`
  }

  /** A function of the producer's sequence number. */
  produce(name, body) {
    const head = this.#head(name, body)
    return (seq) => `${head}Producer-Id: p\r\nProducer-Epoch: 0\r\nProducer-Seq: ${seq}\r\n\r\n${body}`
  }

  #head(name, body) {
    return `POST ${this.#root}/${name} HTTP/1.1\r\n${this.#common}${JSON_TYPE}Content-Length: ${body.length}\r\n`
  }
}

/** Follows a stream live and calls `onData` with each piece of what arrives. Resolves once it is answered. */
export function follow(port, request, onData) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    let answered = false
    socket.on("data", (chunk) => {
      if (!answered) {
        answered = true
        const status = chunk.latin1Slice(9, 12)
        if (status === "200") resolve({ close: () => socket.destroy() })
        else reject(new Error(`a live read was answered ${status}`))
      }
      onData(chunk)
    })
    socket.on("error", reject)
    socket.write(request)
  })
}
