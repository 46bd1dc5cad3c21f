/**
 * Stands in for what streamdown brings along and this page never uses: `rehype-raw`, which would parse HTML in an
 * agent's text, and `rehype-harden`, whose work the link policy does. They are a part of all that a session loads.
 */
export default function noPlugin(): never {
  throw new Error("This plugin is not part of the page.")
}
export { noPlugin as harden }
