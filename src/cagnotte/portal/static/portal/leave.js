// Whoever signs out is told no more by this browser: what its push service gave it is ended here, and its address goes
// with the form, so that the server forgets it too. Nothing of this keeps anybody from signing out.

const WAIT_MS = 2_000;

/** Ends the subscriptions of all portals of this server in this browser; gives their addresses. */
async function ended() {
  const helpers = await navigator.serviceWorker.getRegistrations();
  const found = await Promise.all(helpers.map((helper) => helper.pushManager?.getSubscription()));
  const held = found.filter(Boolean);
  await Promise.allSettled(held.map((subscription) => subscription.unsubscribe()));
  return held.map((subscription) => subscription.endpoint);
}

for (const form of document.querySelectorAll("form[data-leave]")) {
  if (!("serviceWorker" in navigator)) break;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS, []));
    const endpoints = await Promise.race([ended().catch(() => []), late]);
    for (const endpoint of endpoints) {
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: "endpoint", value: endpoint });
      form.append(field);
    }
    form.submit();
  });
}
