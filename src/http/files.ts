/**
 * The web UI's files. What may be served is listed from the disk first and then looked up by its exact name, so
 * no address ever becomes a path.
 */
import { createReadStream } from "node:fs"
import { readdir, stat } from "node:fs/promises"
import type { IncomingMessage, ServerResponse } from "node:http"
import { extname, join } from "node:path"
import { pipeline } from "node:stream"
import { plainPage, refuse, sendHtml } from "./answer.ts"
import type { Target } from "./door.ts"

interface Asset {
  readonly file: string
  readonly size: number
  readonly etag: string
}
/** By address, `/assets/main-4f3a….js`; the compressed ones as `….js.br`. */
type Listing = ReadonlyMap<string, Asset>

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
}
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const

export function files(directory: string, now: () => number = Date.now) {
  let listing: Listing = new Map()
  let listedAt = Number.NEGATIVE_INFINITY

  /** A build may replace the files while we run: all but what never changes is looked for again, not too often. */
  const find = async (path: string): Promise<Asset | undefined> => {
    if (!(listing.has(path) && isHashed(path)) && now() - listedAt > 1000) {
      listedAt = now()
      listing = await list(directory)
    }
    return listing.get(path)
  }

  return async (request: IncomingMessage, response: ServerResponse, { path }: Target): Promise<void> => {
    const wantsPage = isNavigation(request, path)
    const name = path === "/" ? "/index.html" : path
    const isVariant = ENCODINGS.some(({ suffix }) => name.endsWith(suffix))
    const asset = isVariant ? undefined : await find(name)
    if (asset !== undefined) {
      serve(request, response, name, { asset, listing })
      return
    }
    const index = wantsPage ? await find("/index.html") : undefined
    if (index !== undefined) serve(request, response, "/index.html", { asset: index, listing })
    else if (wantsPage) sendHtml(response, 503, NOT_BUILT)
    else refuse(response, { status: 404, reason: "not_found", message: "There is nothing at that address." })
  }
}

/** A person who opens an address, as opposed to a page that fetches a file. */
const isNavigation = ({ headers }: IncomingMessage, path: string): boolean =>
  path === "/" ||
  (extname(path) === "" &&
    !path.startsWith("/assets/") &&
    (headers["sec-fetch-mode"] === "navigate" || (headers.accept ?? "").includes("text/html")))

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  { asset, listing }: { readonly asset: Asset; readonly listing: Listing },
): void {
  const accepted = acceptedEncodings(request)
  const encoding = ENCODINGS.find((one) => accepted.has(one.name) && listing.has(name + one.suffix))
  const variant = encoding === undefined ? asset : (listing.get(name + encoding.suffix) ?? asset)
  response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream")
  response.setHeader("vary", "accept-encoding")
  response.setHeader("etag", variant.etag)
  response.setHeader("cache-control", isHashed(name) ? "public, max-age=31536000, immutable" : "no-cache")
  if (request.headers["if-none-match"] === variant.etag) {
    response.writeHead(304).end()
    return
  }
  if (encoding !== undefined && variant !== asset) response.setHeader("content-encoding", encoding.name)
  response.setHeader("content-length", variant.size)
  if (request.method === "HEAD") {
    response.end()
    return
  }
  const content = createReadStream(variant.file, { start: 0, end: Math.max(0, variant.size - 1) })
  pipeline(content, response, (error) => {
    if (error) response.destroy()
  })
}

/** Vite puts a hash of the content into these names: what was fetched once is good for ever. */
const isHashed = (name: string) => /^\/assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/.test(name)

function acceptedEncodings({ headers }: IncomingMessage): ReadonlySet<string> {
  const parts = String(headers["accept-encoding"] ?? "").split(",")
  const wanted = parts.filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
  return new Set(wanted.map((part) => part.split(";", 1)[0]?.trim() ?? ""))
}

/** Every plain file below the directory. Links are left out: they may lead elsewhere. */
async function list(directory: string): Promise<Listing> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = join(entry.parentPath, entry.name)
        const { size, mtimeMs } = await stat(file)
        const address = file.slice(directory.length).replaceAll("\\", "/")
        const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`
        return [address, { file, size, etag }] as const
      }),
  ).catch(() => [])
  return new Map(found)
}

const NOT_BUILT = plainPage("agentz is running, but its web page is not built", [
  "Run “npm run build” in agentz's directory and reload this page.",
  "The command line works without it: “agentz ls”, “agentz run”.",
])
