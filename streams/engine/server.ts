interface Options {
  readonly dataDir: string
  readonly host?: string
  readonly port?: number
  readonly token: string | null
  readonly log?: (line: Record<string, unknown>) => void
  readonly onFatal?: (error: Error) => void
}

interface StreamServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export async function serveStreams(_options: Options): Promise<StreamServer> {
  throw new Error("not built yet")
}
