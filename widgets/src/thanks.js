// <cagnotte-thanks amount="138.00" currency="EUR" member-token="…" expected="2026-04-10" join="…">: after the purchase,
// what the order earns. A member hears when; a visitor is invited to `join`.

import { quote } from "./api.js";
import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";
import { money } from "./money.js";

export class Thanks extends Widget {
  static watched = ["amount", "lines", "sku", "member-token", "expected", "join"];

  static styles = `
:host { display: block; }
.amount { font-size: 1.25rem; letter-spacing: -.01em; }
.button { align-self: flex-start; margin-block-start: 4px; }
`;

  async content() {
    if (!this.basket.length) return [];
    const { reward } = await quote(this, this.language, this.question);
    if (reward.amount_minor <= 0) return [];
    const member = this.hasAttribute("member-token");
    const amount = money(reward, this.language);
    const join = this.getAttribute("join");
    return h(
      "section", { class: "card", part: "card", "aria-labelledby": "title" },
      h("div", { class: "head" }, icon(member ? "check" : "coin"), h("h2", { id: "title", class: "amount" }, this.say(member ? "thanksMember" : "thanksVisitor", { amount }))),
      h("p", { class: "soft" }, this.#when()),
      !member && join ? h("a", { class: "button", part: "button", href: address(join) }, this.say("open"), icon("arrow")) : null,
    );
  }

  #when() {
    const day = new Date(`${this.getAttribute("expected")}T12:00:00Z`);
    if (Number.isNaN(day.getTime())) return this.say("thanksSoon");
    const date = new Intl.DateTimeFormat(this.language, { dateStyle: "long", timeZone: "UTC" }).format(day);
    return `${this.say("thanksSoon")} ${this.say("thanksOn", { date })}`;
  }
}
