// Runs before the first paint, so that a chosen theme never flashes the other one. The content security policy
// allows no inline script, which is why this is a file.
;(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)")
  const apply = () => {
    let chosen = null
    try {
      chosen = localStorage.getItem("agentz.theme")
    } catch {
      // Storage may be denied; the system's theme it is.
    }
    const theme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light"
    document.documentElement.dataset.theme = theme
  }
  apply()
  dark.addEventListener("change", apply)
  addEventListener("storage", apply)
  addEventListener("agentz:theme", apply)
})()
