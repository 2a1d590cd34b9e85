// Nothing is stored before the visitor has agreed. Who agreed is said by the shop's own consent banner:
//
//   <script … data-cagnotte-consent="granted">, or consent="granted" on an element, or later
//   document.dispatchEvent(new CustomEvent("cagnotte:consent", { detail: { granted: true } }))
//
// Taking consent back ({ granted: false }) deletes what was stored. Only days are stored, never an identifier.

const STORED = "cagnotte:seen";

let told = null; // by an event; null = no event yet

const listeners = new Set();

document.addEventListener("cagnotte:consent", (event) => {
  told = event.detail?.granted === true;
  if (!told) forget();
  for (const listener of listeners) listener(told);
});

/** Whether things may be stored for this element. */
export function consented(element, script) {
  if (told !== null) return told;
  return element.getAttribute("consent") === "granted" || script?.dataset.cagnotteConsent === "granted";
}

/** Call back when consent is given or taken back; returns how to stop. */
export function onConsent(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

/** Days since something was shown or hidden here; Infinity when never, or when nothing is known. */
export function daysSince(name) {
  const day = read()[name];
  return typeof day === "number" ? Math.floor(Date.now() / 86_400_000) - day : Infinity;
}

/** Note that something was shown or hidden today. Only call with consent. */
export function note(name) {
  try {
    localStorage.setItem(STORED, JSON.stringify({ ...read(), [name]: Math.floor(Date.now() / 86_400_000) }));
  } catch {
    // A browser that stores nothing asks again on the next page.
  }
}

function forget() {
  try {
    localStorage.removeItem(STORED);
  } catch {
    // Nothing was stored.
  }
}
