/**
 * What a web page, a rebound name, another user or a clumsy client would try at a port that takes HTTP, as changes
 * to a request that is welcome there.
 */
import { connect } from "node:net"

/** A request as it goes over the wire. Headers may come twice or be left out. */
export interface Wire {
  readonly method: string
  readonly target: string
  readonly version: "1.0" | "1.1"
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface Surface {
  readonly name: string
  readonly port: number
  readonly token: string
  /** Gets in. */
  readonly welcome: Wire
}

const without = (wire: Wire, ...names: readonly string[]): Wire => ({
  ...wire,
  headers: wire.headers.filter(([name]) => !names.includes(name.toLowerCase())),
})
const having = (wire: Wire, ...headers: Wire["headers"]): Wire => ({
  ...without(wire, ...headers.map(([name]) => name.toLowerCase())),
  headers: [...without(wire, ...headers.map(([name]) => name.toLowerCase())).headers, ...headers],
})
const to = (wire: Wire, target: string): Wire => ({ ...wire, target })
const sent = (wire: Wire, type: string, body: string): Wire => ({
  ...having(wire, ["Content-Type", type]),
  method: "POST",
  body,
})

type Probe = (surface: Surface) => Wire

/** By name. Each must be turned away wherever it is tried. */
export const PROBES: Readonly<Record<string, Probe>> = {
  "no token": ({ welcome }) => without(welcome, "authorization"),
  "an empty token": ({ welcome }) => having(welcome, ["Authorization", "Bearer "]),
  "a token one letter short": ({ welcome, token }) =>
    having(welcome, ["Authorization", `Bearer ${token.slice(0, -1)}`]),
  "a token one letter longer": ({ welcome, token }) => having(welcome, ["Authorization", `Bearer ${token}x`]),
  "a token with another last letter": ({ welcome, token }) =>
    having(welcome, ["Authorization", `Bearer ${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`]),
  "a token by another scheme": ({ welcome, token }) =>
    having(welcome, ["Authorization", `Basic ${Buffer.from(`agentz:${token}`).toString("base64")}`]),
  "a token in the address": ({ welcome, token }) => {
    const bare = without(welcome, "authorization")
    return to(
      bare,
      `${bare.target}${bare.target.includes("?") ? "&" : "?"}token=${token}&access_token=${token}`,
    )
  },
  "a token as a cookie": ({ welcome, token, port }) =>
    having(without(welcome, "authorization"), ["Cookie", `agentz_${port}=${token}; token=${token}`]),
  "a token in a header of its own": ({ welcome, token }) =>
    having(without(welcome, "authorization"), ["X-Api-Key", token], ["X-Auth-Token", token]),
  "another Host": ({ welcome }) => having(welcome, ["Host", "evil.example"]),
  "another Host with our port": ({ welcome, port }) => having(welcome, ["Host", `evil.example:${port}`]),
  "another Host that begins like ours": ({ welcome, port }) =>
    having(welcome, ["Host", `127.0.0.1.evil.example:${port}`]),
  "another Host that ends like ours": ({ welcome, port }) =>
    having(welcome, ["Host", `evil-localhost:${port}`]),
  "our Host without the port": ({ welcome }) => having(welcome, ["Host", "127.0.0.1"]),
  "our Host with another port": ({ welcome }) => having(welcome, ["Host", "127.0.0.1:1"]),
  "our Host with a user": ({ welcome, port }) => having(welcome, ["Host", `evil.example@127.0.0.1:${port}`]),
  "our address in other digits": ({ welcome, port }) => having(welcome, ["Host", `2130706433:${port}`]),
  "an empty Host": ({ welcome }) => having(welcome, ["Host", ""]),
  "two Hosts": ({ welcome }) => ({ ...welcome, headers: [...welcome.headers, ["Host", "evil.example"]] }),
  "no Host": ({ welcome }) => ({ ...without(welcome, "host"), version: "1.0" }),
  "another Host, forwarded as ours": ({ welcome, port }) =>
    having(
      welcome,
      ["Host", "evil.example"],
      ["X-Forwarded-Host", `127.0.0.1:${port}`],
      ["Forwarded", `host=127.0.0.1:${port}`],
    ),
  "another site's page": ({ welcome }) => having(welcome, ["Origin", "http://evil.example"]),
  "a page that matches a rebound Host": ({ welcome, port }) =>
    having(welcome, ["Host", `evil.example:${port}`], ["Origin", `http://evil.example:${port}`]),
  "a page without an address": ({ welcome }) => having(welcome, ["Origin", "null"]),
  "a page on another port of this machine": ({ welcome }) =>
    having(welcome, ["Origin", "http://127.0.0.1:1"]),
  "a page of ours by another scheme": ({ welcome, port }) =>
    having(welcome, ["Origin", `https://127.0.0.1:${port}`]),
  "a cross-site fetch without Origin": ({ welcome }) => having(welcome, ["Sec-Fetch-Site", "cross-site"]),
  "a same-site fetch without Origin": ({ welcome }) => having(welcome, ["Sec-Fetch-Site", "same-site"]),
  "a frame on another site": ({ welcome }) =>
    having(
      welcome,
      ["Sec-Fetch-Site", "cross-site"],
      ["Sec-Fetch-Mode", "navigate"],
      ["Sec-Fetch-Dest", "iframe"],
    ),
  "a preflight": ({ welcome }) => ({
    ...having(welcome, ["Origin", "http://evil.example"], ["Access-Control-Request-Method", "POST"]),
    method: "OPTIONS",
    body: "",
  }),
  "a preflight into a private network": ({ welcome }) => ({
    ...having(without(welcome, "authorization"), ["Access-Control-Request-Private-Network", "true"]),
    method: "OPTIONS",
    body: "",
  }),
  "a form": ({ welcome }) =>
    sent(without(welcome, "authorization"), "application/x-www-form-urlencoded", "a=b"),
  "a form with files": ({ welcome }) =>
    sent(without(welcome, "authorization"), "multipart/form-data; boundary=x", "--x--"),
  "plain text": ({ welcome }) => sent(without(welcome, "authorization"), "text/plain", welcome.body || "{}"),
  "a method in a header": ({ welcome }) =>
    having({ ...without(welcome, "authorization"), method: "GET", body: "" }, [
      "X-HTTP-Method-Override",
      "POST",
    ]),
  "a web socket of another site": ({ welcome }) =>
    having(
      { ...welcome, method: "GET", body: "" },
      ["Origin", "http://evil.example"],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ),
  "a path that climbs": ({ welcome }) => to(welcome, "/v1/stream/../../../etc/passwd"),
  "a path that climbs in code": ({ welcome }) => to(welcome, "/v1/stream/%2e%2e/%2e%2e/etc/passwd"),
  "a path with NUL": ({ welcome }) => to(welcome, "/v1/stream/ses_a%00/events"),
  "another server's whole address": ({ welcome }) => to(welcome, "http://evil.example/trpc/agent.agentTypes"),
  "a tunnel": ({ welcome }) => ({ ...welcome, method: "CONNECT", target: "evil.example:443", body: "" }),
  "an echo": ({ welcome }) => ({ ...welcome, method: "TRACE", body: "" }),
  "two lengths": ({ welcome }) => ({
    ...welcome,
    headers: [...welcome.headers, ["Content-Length", "5"], ["Content-Length", "6"]],
  }),
  "a length and chunks": ({ welcome }) => ({
    ...welcome,
    headers: [...welcome.headers, ["Content-Length", "5"], ["Transfer-Encoding", "chunked"]],
  }),
}

export interface Reply {
  /** 0: the connection ended without an answer. */
  readonly status: number
  readonly head: string
}

/** Sends the bytes on a connection of their own; an answer that goes on for ever is left at its head. */
export function send(port: number, wire: Wire): Promise<Reply> {
  const length =
    wire.body === "" && wire.method === "GET" ? [] : [`Content-Length: ${Buffer.byteLength(wire.body)}`]
  const sized = wire.headers.some(([name]) => name === "Content-Length") ? [] : length
  const lines = [
    `${wire.method} ${wire.target} HTTP/${wire.version}`,
    ...wire.headers.map(([name, value]) => `${name}: ${value}`),
    ...sized,
  ]
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    let text = ""
    const finish = () => {
      socket.destroy()
      const [head = ""] = text.split("\r\n\r\n", 1)
      resolve({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0), head })
    }
    socket.setTimeout(5_000, finish)
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk
      if (text.includes("\r\n\r\n")) finish()
    })
    socket.on("close", finish)
    socket.on("error", finish)
    socket.write(`${lines.join("\r\n")}\r\n\r\n${wire.body}`)
  })
}

/** Whether the sender learned nothing, did nothing, and a page of another site may not even read the refusal. */
export const isTurnedAway = ({ status, head }: Reply): boolean =>
  (status === 0 || (status >= 400 && status < 500)) && !/^access-control-/im.test(head)
