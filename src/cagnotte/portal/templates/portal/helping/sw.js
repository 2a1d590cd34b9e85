{% autoescape off %}// The app's helper in the background. It keeps styles and scripts, and one page for when there is no network. Pages of
// members are never kept: they are always asked of the network.
const VERSION = {{ version }};
const KEPT = {{ kept }};
const OFFLINE = {{ offline }};
const HOME = {{ home }};
const NAME = {{ name }};
const ICON = {{ icon }};
const STATIC_ROOT = {{ static_root }};

self.addEventListener("install", (event) => {
  // Asked without cookies, so that what is kept is what a visitor sees. A file that is missing stops nothing.
  const fetched = (cache) => Promise.allSettled(KEPT.map(async (path) => {
    const answer = await fetch(path, { credentials: "omit", cache: "reload" });
    if (answer.ok) await cache.put(path, answer);
  }));
  event.waitUntil(caches.open(VERSION).then(fetched).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  // Other programmes of this server have caches of their own; theirs stay.
  const mine = VERSION.slice(0, VERSION.indexOf("/") + 1);
  const old = (names) => names.filter((name) => name.startsWith(mine) && name !== VERSION);
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE, { ignoreVary: true })));
  } else if (url.origin === location.origin && url.pathname.startsWith(STATIC_ROOT)) {
    event.respondWith(fromNetworkOrKept(request));
  }
});

/** Asks the network; without one, gives what was kept. */
async function fromNetworkOrKept(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { /* a push without words still says that there is something */ }
  const { title = NAME, body = "", url = HOME } = told;
  event.waitUntil(self.registration.showNotification(title, { body, icon: ICON, badge: ICON, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  // Only to our own pages, whatever the message says.
  const asked = new URL(event.notification.data?.url ?? HOME, location.origin);
  const to = asked.origin === location.origin ? asked.href : new URL(HOME, location.origin).href;
  event.waitUntil(self.clients.matchAll({ type: "window" }).then((windows) => {
    const open = windows.find((one) => one.url === to);
    return open ? open.focus() : self.clients.openWindow(to);
  }));
});
{% endautoescape %}
