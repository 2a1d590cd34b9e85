// Puts each widget on its stage, with the answers of a programme once a key is given, else with examples.
// The examples are answered here, in the page: the widgets do not know the difference.

const form = document.querySelector("[data-play-form]");
const french = document.documentElement.lang === "fr";
const euros = (minor) => ({ amount_minor: minor, currency: form.elements.currency.value || "EUR" });
const list = (data) => ({ object: "list", data, has_more: false, next_cursor: null });

const SHOPS = [
  { object: "merchant", ref: "verte", name: "Maison Verte", site: "https://verte.example/" },
  { object: "merchant", ref: "bleue", name: "Maison Bleue", site: "https://bleue.example/" },
];

const offer = (ref, name, merchant, rate, headline) => ({
  object: "offer", ref, name, merchants: [merchant], headline, rate_bps: rate, amount: null, for_some_members: false,
});

const EXAMPLES = {
  "/v1/quotes": (body) => {
    const total = body.lines.reduce((sum, line) => sum + line.amount_minor, 0);
    const step = 10_000;
    const missing = step - (total % step);
    return { object: "quote", reward: euros(Math.floor(total / 20)), next_steps: [{ missing: euros(missing), missing_units: 0, extra_reward: euros(500) }] };
  },
  "/v1/programme": () => ({ object: "programme", slug: "demo", name: "Demo" }),
  "/v1/merchants": () => list(SHOPS),
  "/v1/offers": () => list([
    offer("verte-5", french ? "Bienvenue" : "Welcome", "verte", 500, french ? "5 % remboursés" : "5% back"),
    offer("bleue-3", french ? "Toute l’année" : "All year", "bleue", 300, french ? "3 % remboursés" : "3% back"),
  ]),
  "/v1/me/cagnotte": () => ({ object: "cagnotte", available: euros(1240), confirmed: euros(500), pending: euros(75) }),
};

const fetchReally = window.fetch;

window.fetch = async (address, options = {}) => {
  const example = EXAMPLES[new URL(address, document.baseURI).pathname];
  if (!example || form.elements.key.value.trim()) return fetchReally(address, options);
  return Response.json(example(options.body && JSON.parse(options.body)));
};

/** The attributes of a widget as they stand in the form. */
function attributesOf(stage) {
  const { amount, merchant, key } = form.elements;
  const found = JSON.parse(stage.dataset.attributes);
  if ("amount" in found) found.amount = amount.value;
  found.currency = form.elements.currency.value;
  found.merchant = merchant.value || (key.value.trim() ? "" : "verte");
  if (key.value.trim()) found.key = key.value.trim();
  return found;
}

function show() {
  document.documentElement.style.setProperty("--cagnotte-accent", form.elements.accent.value);
  for (const stage of document.querySelectorAll("[data-play]")) {
    const widget = document.createElement(`cagnotte-${stage.dataset.play}`);
    for (const [name, value] of Object.entries(attributesOf(stage))) widget.setAttribute(name, value);
    stage.replaceChildren(widget);
    if (stage.dataset.play === "popup") {
      const button = document.createElement("button");
      button.className = "button button-second";
      button.type = "button";
      button.textContent = french ? "Ouvrir la fenêtre" : "Open the pop-up";
      button.addEventListener("click", () => widget.open());
      stage.append(button);
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});

document.addEventListener("cagnotte:error", ({ detail }) => {
  document.querySelector("[data-play-status]").textContent = detail.problem?.detail ?? detail.message;
});

// A colour chosen for one scheme is not forced on the other before somebody chooses.
if (matchMedia("(prefers-color-scheme: dark)").matches) form.elements.accent.value = "#dfb4ea";
show();
