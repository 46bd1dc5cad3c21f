/**
 * The import rule of ARCHITECTURE.md, executable: imports only point right, data comes back by replay.
 * `tests/house/import-rule.test.ts` proves that this sees the files.
 */

/** What a spawner must know of a daemon; nothing else of it is the control plane's business. */
const SPAWNERS_KNOWLEDGE =
  "^daemon/(spec|blob-of|failed|missing|mcp-server|home|run-file|spool-file|set-aside|control-socket|endpoint|log-cap|git/[a-z-]+|telemetry/(measures|meter|otlp|otlp-settings|exporter|exporter-for)|agents/catalogue|stream-server/(ensure|setbacks)|process/(identity|machine|tree|snapshot|belongings|isolation|hidden-home))[.]ts$"

export default {
  forbidden: [
    {
      name: "routes-see-streams-and-types",
      comment: "The browser knows the language of the streams, and of the control plane only types.",
      severity: "error",
      from: { path: "^routes/" },
      to: { path: "^(src|daemon|tests)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "routes-not-daemon",
      severity: "error",
      from: { path: "^routes/" },
      to: { path: "^(daemon|tests)/" },
    },
    {
      name: "src-sees-spawners-knowledge",
      comment:
        "Of a daemon the control plane knows how to start it, find it and speak for it when it is dead.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^daemon/", pathNot: SPAWNERS_KNOWLEDGE },
    },
    { name: "src-not-routes", severity: "error", from: { path: "^src/" }, to: { path: "^(routes|tests)/" } },
    {
      name: "daemon-sees-streams",
      severity: "error",
      from: { path: "^daemon/" },
      to: { path: "^(src|routes|tests)/|^streams/engine/" },
    },
    {
      name: "streams-see-nothing",
      severity: "error",
      from: { path: "^streams/" },
      to: { path: "^(src|routes|daemon|tests)/" },
    },
    {
      name: "streams-run-in-browsers",
      comment: "Only the engine knows Node.",
      severity: "error",
      from: { path: "^(streams|routes)/", pathNot: "^streams/engine/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "engine-behind-one-door",
      severity: "error",
      from: { pathNot: "^(streams/engine|tests)/" },
      to: { path: "^streams/engine/", pathNot: "^streams/engine/server[.]ts$" },
    },
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "declared",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "unknown", "undetermined"] },
    },
    {
      name: "shipped-code-has-shipped-dependencies",
      severity: "error",
      from: { path: "^(src|daemon|streams)/" },
      to: { dependencyTypes: ["npm-dev"] },
    },
    { name: "found", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "[.]gen[.]ts$|tests/fixtures" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["agentz-source", "import", "types", "node", "default"],
      extensions: [".ts", ".tsx", ".js", ".mjs"],
    },
  },
}
