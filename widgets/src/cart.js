// <cagnotte-cart lines='[{"sku":"A1","quantity":2,"amount_minor":13800}]' currency="EUR">: what the basket earns, and
// what is missing to the next threshold. A script may set the property `lines` and call refresh().

import { quote } from "./api.js";
import { h, icon } from "./dom.js";
import { Widget } from "./element.js";
import { money } from "./money.js";

export class Cart extends Widget {
  static watched = ["lines", "amount", "member-token"];

  static styles = `
:host { display: block; }
.amount { font-weight: 700; }
.bar { height: 8px; border-radius: 999px; background: var(--line); overflow: hidden; }
.bar > span { display: block; height: 100%; border-radius: inherit; background: var(--accent); }
`;

  #region;

  async content() {
    const lines = this.basket;
    if (!lines.length) return [];
    const { reward, step } = await quote(this, this.language, this.question);
    const total = lines.reduce((sum, line) => sum + line.amount_minor, 0);
    const told = reward.amount_minor > 0
      ? this.say("basket", { amount: money(reward, this.language) })
      : this.say("basketNothing");
    const parts = [h("div", { class: "head" }, icon("coin"), h("p", { class: "amount" }, told))];
    if (step) parts.push(...this.#towards(step, total));
    // The region stays in place, so that a change is read aloud; only what it holds is new.
    this.#region ??= h("div", { class: "card", part: "card", role: "status" });
    this.#region.replaceChildren(...parts);
    return this.#region;
  }

  #towards({ missing, missing_units: units, extra_reward: more }, total) {
    const extra = money(more, this.language);
    const words = units
      ? this.say(units === 1 ? "missingUnit" : "missingUnits", { units, extra })
      : this.say("missing", { missing: money(missing, this.language), extra });
    const filled = h("span");
    filled.style.width = `${Math.round((100 * total) / (total + missing.amount_minor))}%`;
    return [
      h("div", { class: "bar", "aria-hidden": "true", part: "bar" }, filled),
      h("p", { class: "soft" }, words),
    ];
  }
}
