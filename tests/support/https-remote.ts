/** A git server as companies have one: https with a certificate of its own, and a name and a password to be given. */
import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { basename, dirname, join } from "node:path"
import type { TestRemote } from "./remote.ts"
import type { TestRepository } from "./repository.ts"

export const USER = "somebody"
export const PASSWORD = "pw-canary-0123456789abcdef"

export interface HttpsRemote extends AsyncDisposable {
  /** The address of the repository that was given. `login`: what stands before the host, with its `@`. */
  url(login?: string): string
  /** The certificate that has to be trusted. */
  readonly certificate: string
  /** How often somebody was turned away. */
  readonly refused: number
}

/** Serves a bare repository by git's own program. */
export async function httpsRemote(at: TestRepository, { path }: TestRemote): Promise<HttpsRemote> {
  const { key, certificate } = certificateIn(join(at.outer, "tls"))
  const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`
  let refused = 0
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (request, response) => {
      if (request.headers.authorization === expected) return serve(dirname(path), request, response)
      refused += 1
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end()
    },
  )
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const { port } = server.address() as AddressInfo
  return {
    certificate,
    url: (login = "") => `https://${login}localhost:${port}/${basename(path)}`,
    get refused() {
      return refused
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function certificateIn(dir: string) {
  mkdirSync(dir)
  const [key, certificate] = [join(dir, "key.pem"), join(dir, "certificate.pem")]
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
  const how = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
  execFileSync("openssl", ["req", ...how, ...subject, "-keyout", key, "-out", certificate], {
    stdio: "ignore",
  })
  return { key, certificate }
}

/** By the Common Gateway Interface: head and body on its output, as a mail has them. */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "https://localhost")
  const { headers } = request
  const child = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: USER,
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers["content-type"],
      HTTP_CONTENT_ENCODING: headers["content-encoding"],
      GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
    },
  })
  child.stdin.on("error", () => undefined)
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf("\r\n\r\n")
    if (end < 0) return
    child.stdout.off("data", onHead)
    const lines = head.subarray(0, end).toString().split("\r\n")
    const fields = new Map(lines.map((line) => line.split(/: (.*)/, 2) as [string, string]))
    const status = Number(fields.get("Status")?.slice(0, 3) ?? 200)
    fields.delete("Status")
    response.writeHead(status, Object.fromEntries(fields))
    response.write(head.subarray(end + 4))
    child.stdout.pipe(response)
  }
  child.stdout.on("data", onHead)
}
