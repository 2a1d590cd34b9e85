// <cagnotte-referral link="https://…" friend="5.00" sponsor="10.00" currency="EUR">: the member's link, to copy or share.
// It asks the server nothing: the shop knows the link.

import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";
import { minorOf, money } from "./money.js";

export class Referral extends Widget {
  static watched = ["link", "friend", "sponsor"];

  static styles = `
:host { display: block; }
label { font-weight: 600; font-size: .9375rem; }
input { flex: 1; min-width: 0; min-height: 44px; padding: 8px 12px; font: inherit; color: inherit; background: var(--wash); border: 1px solid var(--soft); border-radius: calc(var(--radius) * .66); }
.row { flex-wrap: nowrap; }
@media (max-width: 420px) { .row { flex-wrap: wrap; } input { flex-basis: 100%; } }
`;

  async content() {
    const link = address(this.getAttribute("link") ?? "");
    if (link === "#") return [];
    const field = h("input", { id: "link", readonly: true, value: link, onfocus: () => field.select() });
    const words = h("span", { "aria-live": "polite" }, this.say("copy"));
    const copy = h("button", { class: "button", part: "button", type: "button", onclick: () => this.#copy(link, field, words) }, icon("copy"), words);
    const share = navigator.share && h("button", { class: "button second", type: "button", onclick: () => navigator.share({ url: link }).catch(() => {}) }, icon("share"), this.say("share"));
    return h(
      "section", { class: "card", part: "card", "aria-labelledby": "title" },
      h("div", { class: "head" }, icon("share"), h("h2", { id: "title" }, this.say("refer"))),
      this.#gains(),
      h("label", { for: "link" }, this.say("referLink")),
      h("div", { class: "row" }, field, copy, share),
    );
  }

  #gains() {
    const [friend, sponsor] = ["friend", "sponsor"].map((name) => minorOf(this.getAttribute(name), this.currency));
    if (friend === null || sponsor === null) return null;
    const shown = (minor) => money({ amount_minor: minor, currency: this.currency }, this.language);
    return h("p", { class: "soft" }, this.say("referBoth", { friend: shown(friend), sponsor: shown(sponsor) }));
  }

  async #copy(link, field, words) {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      field.select(); // no permission: selected, it is one key press away
      return;
    }
    words.textContent = this.say("copied");
    setTimeout(() => { words.textContent = this.say("copy"); }, 2000);
  }
}
