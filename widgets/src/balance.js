// <cagnotte-balance member-token="…">: the member's balance as a chip; its button opens the details.
// Without a token it is a link to `sign-in`, or nothing.

import { balance } from "./api.js";
import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";
import { money } from "./money.js";

export class Balance extends Widget {
  static watched = ["member-token", "sign-in", "href"];

  static styles = `
:host { display: inline-block; position: relative; }
.chip { display: inline-flex; align-items: center; gap: 8px; min-height: 44px; padding: 4px 14px; border-radius: 999px; border: 1px solid var(--line); background: var(--surface); color: var(--text); text-decoration: none; }
.chip:hover { border-color: var(--accent); }
.chip .icon { color: var(--accent); }
.chip b { font-weight: 700; }
.details { position: absolute; inset-inline-end: 0; inset-block-start: calc(100% + 6px); z-index: 30; width: max-content; min-width: 100%; max-width: calc(100vw - 32px); box-shadow: 0 8px 32px rgb(0 0 0 / .18); }
dl { display: grid; grid-template-columns: auto auto; gap: 6px 24px; }
dd { text-align: end; font-weight: 650; }
`;

  async content() {
    const token = this.getAttribute("member-token");
    if (!token) return this.#invitation();
    const told = await balance(this, this.language, token);
    const available = money(told.available, this.language);
    const rows = ["available", "confirmed", "pending"].flatMap((state) => [
      h("dt", { class: "soft" }, this.say(state)),
      h("dd", {}, money(told[state], this.language)),
    ]);
    const details = h("div", { class: "card details", part: "details", id: "details", hidden: true }, h("dl", {}, rows), this.#more());
    const button = h(
      "button",
      {
        class: "chip", part: "chip", type: "button", "aria-expanded": "false", "aria-controls": "details",
        onclick: () => this.#show(button, details, details.hidden),
      },
      icon("coin"), h("span", {}, this.say("balance")), " ", h("b", {}, available),
    );
    const root = h("div", {
      onkeydown: (event) => {
        if (event.key !== "Escape" || details.hidden) return;
        this.#show(button, details, false);
        button.focus();
      },
      onfocusout: (event) => {
        if (event.relatedTarget && !root.contains(event.relatedTarget)) this.#show(button, details, false);
      },
    }, button, details);
    return root;
  }

  #show(button, details, open) {
    details.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  }

  #more() {
    const href = this.getAttribute("href");
    return href && h("a", { href: address(href) }, this.say("open"));
  }

  #invitation() {
    const href = this.getAttribute("sign-in");
    return href ? h("a", { class: "chip", part: "chip", href: address(href) }, icon("coin"), h("span", {}, this.say("signIn"))) : [];
  }
}
