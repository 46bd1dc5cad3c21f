/** An OpenTelemetry collector: keeps what it is sent over OTLP in JSON. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

interface Sent {
  readonly path: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

interface OtlpSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number }
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
}

export async function collector() {
  const sent: Sent[] = []
  let status = 200
  const server = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request.setEncoding("utf8")) body += chunk
    sent.push({ path: request.url ?? "", headers: request.headers, body })
    response.writeHead(status, { "content-type": "application/json" }).end("{}")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    answers: (next: number) => {
      status = next
    },
    spans: (): OtlpSpan[] =>
      sent
        .filter(({ path }) => path === "/v1/traces")
        .flatMap(({ body }) => JSON.parse(body).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans),
    metrics: (): Record<string, unknown>[] =>
      sent
        .filter(({ path }) => path === "/v1/metrics")
        .flatMap(({ body }) => JSON.parse(body).resourceMetrics)
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
