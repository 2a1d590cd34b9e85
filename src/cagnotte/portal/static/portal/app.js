// Lets the pages be kept on a home screen: registers the helper that stands beside the manifest. Without it, all works.
const manifest = document.querySelector("link[rel=manifest]");
if (manifest && "serviceWorker" in navigator) {
  const scope = new URL(".", manifest.href).pathname;
  navigator.serviceWorker.register(`${scope}sw.js`, { scope }).catch(() => {
    // A browser may refuse it, as in a private window.
  });
}
