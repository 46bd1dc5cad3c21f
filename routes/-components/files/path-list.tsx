import { plainText } from "../../-app/hidden-characters.ts"

const MOST = 20

/** The first files of a list, and how many more there are. */
export const PathList = ({ paths }: { readonly paths: readonly string[] }) => (
  <ul className="font-mono text-note">
    {paths.slice(0, MOST).map((path) => (
      <li key={path} className="[overflow-wrap:anywhere]">
        {plainText(path)}
      </li>
    ))}
    {paths.length > MOST && <li>and {paths.length - MOST} more</li>}
  </ul>
)
