// <cagnotte-badge amount="69.00" currency="EUR" sku="A1" merchant="verte">: what one product earns.

import { quote } from "./api.js";
import { h, icon } from "./dom.js";
import { Widget } from "./element.js";
import { money } from "./money.js";

export class Badge extends Widget {
  static watched = ["amount", "sku", "member-token"];

  static styles = `
:host { display: inline-block; }
.badge { display: inline-flex; align-items: center; gap: 6px; padding: 4px 12px 4px 8px; border-radius: 999px; background: var(--wash); color: var(--accent); font-weight: 650; border: 1px solid color-mix(in oklab, var(--accent) 30%, transparent); }
`;

  async content() {
    if (!this.basket.length) return [];
    const { reward } = await quote(this, this.language, this.question);
    if (reward.amount_minor <= 0) return [];
    const words = this.say("earn", { amount: money(reward, this.language) });
    return h("span", { class: "badge", part: "badge" }, icon("coin"), h("span", {}, words));
  }
}
