// What all widgets share: a shadow root, loading when near the viewport, loading anew when an attribute changes,
// and silence when the server does not answer: a shop's page never shows our trouble.

import { script } from "./api.js";
import { consented } from "./consent.js";
import { minorOf } from "./money.js";
import { sheets } from "./styles.js";
import { languageOf, say } from "./words.js";

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      near.unobserve(target);
      target.refresh();
    }
  }
}, { rootMargin: "300px" });

export class Widget extends HTMLElement {
  /** Own styles of a kind of widget. */
  static styles = "";

  /** Attributes that change what is shown. */
  static watched = [];

  static get observedAttributes() {
    return ["lang", "key", "api", "currency", "merchant", ...this.watched];
  }

  #turn = 0;

  #awake = false;

  constructor() {
    super();
    this.constructor.sheets ??= sheets(this.constructor.styles);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = this.constructor.sheets;
  }

  connectedCallback() {
    near.observe(this);
  }

  disconnectedCallback() {
    near.unobserve(this);
  }

  attributeChangedCallback(name, before, after) {
    if (this.#awake && before !== after) this.refresh();
  }

  get language() {
    return languageOf(this);
  }

  get currency() {
    return this.getAttribute("currency") || "EUR";
  }

  get consented() {
    return consented(this, script);
  }

  /** The lines of a basket: the attribute or property `lines`, else one line of `amount`. */
  get basket() {
    const told = this.lines ?? JSON.parse(this.getAttribute("lines") || "null");
    if (told) return told;
    const amount = minorOf(this.getAttribute("amount"), this.currency);
    if (amount === null) return [];
    return [{ amount_minor: amount, quantity: 1, ...(this.getAttribute("sku") && { sku: this.getAttribute("sku") }) }];
  }

  /** What a quote is asked for. */
  get question() {
    return {
      merchant: this.getAttribute("merchant"),
      currency: this.currency,
      lines: this.basket,
      token: this.getAttribute("member-token"),
    };
  }

  say(key, facts) {
    return say(this.language, key, facts);
  }

  /** Ask and show anew. Answers that were overtaken by a later question are dropped. */
  async refresh() {
    this.#awake = true;
    const turn = ++this.#turn;
    await Promise.resolve(); // attributes set together are one change
    if (turn !== this.#turn) return;
    try {
      const shown = await this.content();
      if (turn !== this.#turn) return;
      this.shadowRoot.replaceChildren(...[shown].flat().filter(Boolean));
      this.dispatchEvent(new CustomEvent("cagnotte:shown", { bubbles: true, composed: true }));
    } catch (error) {
      if (turn !== this.#turn) return;
      this.shadowRoot.replaceChildren();
      this.dispatchEvent(new CustomEvent("cagnotte:error", { bubbles: true, composed: true, detail: error }));
    }
  }

  /** Elements to show, or nothing. Overridden by each widget. */
  async content() {
    return [];
  }
}
