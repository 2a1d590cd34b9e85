// What the widgets ask the server: quotes, offers and, with a member's token, the balance.
// The server is where this script came from, unless `api` says otherwise.

/** The tag that loaded this script; it names the publishable key for the whole page. */
export const script = document.querySelector("script[data-cagnotte-key]");

const HOME = new URL(import.meta.url).origin;

const FRESH_MS = 60_000;

const asked = new Map(); // the same question within a minute is asked once

/** Where an element asks, and with which key. */
export function connection(element) {
  return {
    api: (element.getAttribute("api") || script?.dataset.cagnotteApi || HOME).replace(/\/+$/, ""),
    key: element.getAttribute("key") || script?.dataset.cagnotteKey || "",
  };
}

async function send(element, language, path, { body, token } = {}) {
  const { api, key } = connection(element);
  const headers = { Accept: "application/json", "Accept-Language": language, Authorization: `Bearer ${key}` };
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers["Cagnotte-Member"] = token;
  const answer = await fetch(api + path, {
    method: body ? "POST" : "GET",
    headers,
    body: body && JSON.stringify(body),
    credentials: "omit",
    mode: "cors",
    referrerPolicy: "strict-origin-when-cross-origin",
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.detail || `HTTP ${answer.status}`), { problem: told, status: answer.status });
  return told;
}

function ask(element, language, path, more = {}) {
  const question = JSON.stringify([connection(element), language, path, more]);
  const known = asked.get(question);
  if (known && Date.now() - known.at < FRESH_MS) return known.answer;
  const answer = send(element, language, path, more);
  asked.set(question, { at: Date.now(), answer });
  answer.catch(() => asked.delete(question)); // a failure is not kept
  return answer;
}

/** The merchant an element is about: its own, the page's, else the only one of the programme. */
async function merchantOf(element, language, told) {
  const named = told || script?.dataset.cagnotteMerchant;
  if (named) return named;
  const { data } = await ask(element, language, "/v1/merchants?limit=2");
  if (data.length !== 1) throw new Error("Name the merchant: the programme has several.");
  return data[0].ref;
}

/** What a basket would earn: {reward, step}. lines: [{amount_minor, sku, quantity}]; step: the nearest one, or nothing. */
export async function quote(element, language, { merchant, currency, lines, token }) {
  const body = { merchant: await merchantOf(element, language, merchant), currency, lines };
  const { reward, next_steps: steps } = await ask(element, language, "/v1/quotes", { body, token });
  return { reward, step: steps[0] };
}

/** The offers for everybody that are in force, the highest first: {name, headline, shops, link}. */
export async function offers(element, language, { merchant, limit }) {
  const query = new URLSearchParams({ limit: "100" });
  if (merchant) query.set("merchant", merchant);
  const [found, merchants, programme] = await Promise.all(
    [`/v1/offers?${query}`, "/v1/merchants?limit=100", "/v1/programme"].map((path) => ask(element, language, path)),
  );
  const shops = new Map(merchants.data.map((shop) => [shop.ref, shop]));
  return found.data
    .filter((offer) => !offer.for_some_members)
    .sort((one, other) => worth(other) - worth(one))
    .slice(0, limit)
    .map((offer) => {
      const held = offer.merchants.length ? offer.merchants.flatMap((ref) => shops.get(ref) ?? []) : [...shops.values()];
      const path = offer.ref.split("/").map(encodeURIComponent).join("/");
      return {
        name: offer.name,
        headline: offer.headline.charAt(0).toLocaleUpperCase(language) + offer.headline.slice(1),
        shops: offer.merchants.length ? held.map((shop) => shop.name) : [],
        // A shop without a site cannot be linked to.
        link: held.some((shop) => shop.site) ? `${connection(element).api}/go/${programme.slug}/${path}` : null,
      };
    });
}

/** Rates before sums, the higher first: no more than an order in which to look at them. */
const worth = (offer) => (offer.rate_bps === null ? (offer.amount?.amount_minor ?? 0) / 1e9 : offer.rate_bps);

/** What the member of a token holds, by state. */
export function balance(element, language, token) {
  return ask(element, language, "/v1/me/cagnotte", { token });
}
