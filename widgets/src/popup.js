// <cagnotte-popup trigger="delay" after="8" every-days="7" heading="…">what it says, as HTML of the page</cagnotte-popup>
//
// It opens by itself at most once in `every-days`, and only where the visitor agreed that the day is remembered:
// without memory no cap could be kept. open() always works, for a button of the shop's own. trigger: delay (after
// `after` seconds), exit (the pointer leaves towards the address bar) or manual.
//
// The dialog is the browser's own: focus stays inside, ESC and a click beside it close it, focus returns to where it was.

import { offers } from "./api.js";
import { daysSince, note, onConsent } from "./consent.js";
import { address, h, icon } from "./dom.js";
import { Widget } from "./element.js";

export class Popup extends Widget {
  static watched = ["heading", "href"];

  static styles = `
:host { display: contents; }
dialog { width: min(440px, calc(100vw - 32px)); max-height: calc(100dvh - 32px); overflow: auto; padding: 0; border: 1px solid var(--line); border-radius: calc(var(--radius) * 1.5); background: var(--surface); color: var(--text); box-shadow: 0 24px 80px rgb(0 0 0 / .35); }
dialog::backdrop { background: rgb(20 10 22 / .55); }
.inside { padding: 8px 8px 24px 24px; }
.top { display: flex; justify-content: flex-end; }
.body { display: flex; flex-direction: column; gap: 12px; padding-inline-end: 16px; }
h2 { font-size: 1.5rem; letter-spacing: -.02em; text-wrap: balance; }
.body > .icon { width: 40px; height: 40px; color: var(--accent); }
.button { align-self: flex-start; }
@media (prefers-reduced-motion: no-preference) { dialog[open] { animation: rise 180ms ease-out; } }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
`;

  #stop = [];

  get #name() {
    return `popup:${this.id || "main"}`;
  }

  connectedCallback() {
    // Not seen until it opens, so nearness to the viewport says nothing.
    this.#arm();
    this.#stop.push(onConsent(() => this.#arm()));
  }

  disconnectedCallback() {
    this.#disarm();
    this.#stop.splice(0).forEach((stop) => stop());
  }

  #timers = [];

  #disarm() {
    this.#timers.splice(0).forEach((stop) => stop());
  }

  #arm() {
    this.#disarm();
    const rest = Number(this.getAttribute("every-days")) || 7;
    if (!this.consented || daysSince(this.#name) < rest) return;
    const trigger = this.getAttribute("trigger") || "delay";
    if (trigger === "delay") {
      const timer = setTimeout(() => this.open(), 1000 * (Number(this.getAttribute("after")) || 8));
      this.#timers.push(() => clearTimeout(timer));
    } else if (trigger === "exit") {
      const leave = (event) => event.clientY <= 0 && this.open();
      document.documentElement.addEventListener("mouseleave", leave);
      this.#timers.push(() => document.documentElement.removeEventListener("mouseleave", leave));
    }
  }

  /** Show it now. */
  async open() {
    this.#disarm();
    if (this.shadowRoot.querySelector("dialog[open]")) return;
    await this.refresh();
    const dialog = this.shadowRoot.querySelector("dialog");
    if (!dialog) return;
    dialog.showModal();
    if (this.consented) note(this.#name);
  }

  /** Close it; focus returns to where it was. */
  close() {
    this.shadowRoot.querySelector("dialog")?.close();
  }

  async content() {
    const heading = this.getAttribute("heading") ?? (await this.#best());
    if (!heading) return [];
    const href = this.getAttribute("href");
    const dialog = h(
      "dialog",
      { part: "dialog", "aria-labelledby": "heading", onclick: (event) => event.target === dialog && dialog.close() },
      h(
        "div", { class: "inside" },
        h("div", { class: "top" }, h("button", { class: "close", part: "close", type: "button", "aria-label": this.say("close"), onclick: () => dialog.close() }, icon("close"))),
        h("div", { class: "body" }, icon("coin"), h("h2", { id: "heading" }, heading), h("slot"), href && h("a", { class: "button", part: "button", href: address(href) }, this.say("how"), icon("arrow"))),
      ),
    );
    return dialog;
  }

  async #best() {
    const [offer] = await offers(this, this.language, { merchant: this.getAttribute("merchant"), limit: 1 });
    return offer?.headline;
  }
}
