// <cagnotte-banner href="…">: a strip with the best promise. Its close button is real: hidden is hidden, for
// `every-days` (30) where the visitor agreed to storage, else for this page.

import { offers } from "./api.js";
import { daysSince, note } from "./consent.js";
import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";

export class Banner extends Widget {
  static watched = ["href", "text"];

  static styles = `
:host { display: block; }
.strip { display: flex; align-items: center; gap: 12px; padding: 6px 8px 6px 16px; background: var(--accent); color: var(--on-accent); border-radius: var(--cagnotte-banner-radius, 0); }
p { flex: 1; font-weight: 600; display: flex; flex-wrap: wrap; gap: 0 12px; align-items: center; }
a { color: inherit; display: inline-flex; align-items: center; min-height: 44px; font-weight: 500; }
:focus-visible { outline-color: currentColor; outline-offset: -3px; }
`;

  #hidden = false;

  get #name() {
    return `banner:${this.id || this.getAttribute("merchant") || ""}`;
  }

  async content() {
    const rest = Number(this.getAttribute("every-days")) || 30;
    if (this.#hidden || (this.consented && daysSince(this.#name) < rest)) return [];
    const words = this.getAttribute("text") ?? (await this.#best());
    if (!words) return [];
    const href = this.getAttribute("href");
    return h(
      "div", { class: "strip", part: "strip", role: "region", "aria-label": this.say("balance") },
      icon("coin"),
      h("p", {}, h("span", {}, words), href && h("a", { href: address(href) }, this.say("how"))),
      h("button", { class: "close", part: "close", type: "button", "aria-label": this.say("dismiss"), onclick: () => this.close() }, icon("close")),
    );
  }

  async #best() {
    const [offer] = await offers(this, this.language, { merchant: this.getAttribute("merchant"), limit: 1 });
    return offer?.headline;
  }

  /** Hide it, and remember where that is allowed. */
  close() {
    this.#hidden = true;
    if (this.consented) note(this.#name);
    this.refresh();
  }
}
