// Pages of spending: what a browser can do beyond HTML. Without it a code is shown all the same.

// A receipt can be printed, or saved as PDF, from a button.
for (const place of document.querySelectorAll("[data-print]")) {
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => print());
}

// A screen that shows a code stays on, where the browser allows it.
async function stayAwake() {
  if (!document.querySelector("[data-awake]") || document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Saving power, for instance: the page works without it.
  }
}
stayAwake();
document.addEventListener("visibilitychange", stayAwake);

// The time a code has left, counted down.
function count() {
  for (const place of document.querySelectorAll("[data-left]")) {
    place.endsAt ??= performance.now() + 1000 * Number(place.dataset.left);
    const left = Math.max(0, Math.round((place.endsAt - performance.now()) / 1000));
    const words = place.querySelector("span");
    words.textContent = left ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : place.dataset.over;
  }
}
if (document.querySelector("[data-left]")) {
  count();
  setInterval(count, 1000);
}
