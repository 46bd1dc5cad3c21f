/** What a service manager is told so that it keeps the API up and leaves sessions alone. Pure. */
export interface ServiceFacts {
  readonly node: string
  readonly program: string
  readonly home: string
  /** What daemons and agents are to find programs in. */
  readonly path: string
}

/**
 * `KillMode=process`: a stop or restart of the service ends the API and no session. `Delegate=yes`: sessions may have
 * control groups of their own below the service's, for limits and for ending whole trees.
 */
export const systemdUnit = ({ node, program, home, path }: ServiceFacts): string => `[Unit]
Description=agentz, a control plane for AI coding agents
After=network.target

[Service]
Type=exec
ExecStart=${quoted(node)} ${quoted(program)} up --no-open
Environment=${quoted(`AGENTZ_HOME=${home}`)}
Environment=${quoted(`PATH=${path}`)}
Restart=on-failure
RestartSec=2
KillMode=process
Delegate=yes
UMask=0077

[Install]
WantedBy=default.target
`

/** `AbandonProcessGroup`: what the API started goes on without it. */
export const launchdPlist = ({
  node,
  program,
  home,
  path,
}: ServiceFacts): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>agentz</string>
  <key>ProgramArguments</key>
  <array>
    <string>${escaped(node)}</string>
    <string>${escaped(program)}</string>
    <string>up</string>
    <string>--no-open</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>AGENTZ_HOME</key><string>${escaped(home)}</string>
    <key>PATH</key><string>${escaped(path)}</string>
  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>AbandonProcessGroup</key><true/>
  <key>Umask</key><integer>63</integer>
  <key>StandardErrorPath</key><string>${escaped(`${home}/api.log`)}</string>
</dict>
</plist>
`

const quoted = (word: string): string =>
  `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$")}"`

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
