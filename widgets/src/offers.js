// <cagnotte-offers limit="6" merchant="verte">: a grid of the offers in force, each with its way to the shop;
// with `no-links` without the way, for a page of that shop.

import { offers } from "./api.js";
import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";

export class Offers extends Widget {
  static watched = ["limit", "no-links"];

  static styles = `
:host { display: block; }
ul { list-style: none; display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); }
li { display: flex; }
.card { flex: 1; }
.shop { font-weight: 650; }
.promise { font-size: 1.25rem; font-weight: 720; color: var(--accent); letter-spacing: -.01em; }
.button { margin-block-start: auto; align-self: flex-start; }
`;

  async content() {
    const limit = Math.min(Math.max(Number(this.getAttribute("limit")) || 6, 1), 24);
    const found = await offers(this, this.language, { merchant: this.getAttribute("merchant"), limit });
    if (!found.length) return h("p", { class: "soft" }, this.say("noOffers"));
    const items = found.map((offer) => h("li", {}, this.#card(offer)));
    return h("ul", { "aria-label": this.say("offers"), part: "grid", role: "list" }, items);
  }

  #card({ name, headline, shops, link }) {
    const shop = shops.slice(0, 3).join(", ") || name;
    return h(
      "div", { class: "card", part: "card" },
      h("p", { class: "shop" }, shop),
      h("p", { class: "promise" }, headline),
      shop === name ? null : h("p", { class: "soft" }, name),
      link && !this.hasAttribute("no-links")
        ? h("a", { class: "button", part: "button", href: address(link), rel: "nofollow", "aria-label": this.say("seeOf", { shop }) }, this.say("see"), icon("arrow"))
        : null,
    );
  }
}
