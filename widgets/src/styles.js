// Styles as constructable sheets, shared by all widgets of a page. A shop sets its own look by custom properties:
// --cagnotte-accent, -on-accent, -surface, -text, -soft, -line, -radius, -font; and parts by ::part().

const shared = `
:host {
  --accent: var(--cagnotte-accent, light-dark(#6f2b7e, #dfb4ea));
  --on-accent: var(--cagnotte-on-accent, light-dark(#fff, #2a1530));
  --surface: var(--cagnotte-surface, light-dark(#fff, #241b27));
  --wash: var(--cagnotte-wash, color-mix(in oklab, var(--accent) 9%, var(--surface)));
  --text: var(--cagnotte-text, light-dark(#291d2c, #f3eef4));
  --soft: var(--cagnotte-soft, light-dark(#5d5360, #c6bcc8));
  --line: var(--cagnotte-line, light-dark(#e2dce3, #4a3f4d));
  --radius: var(--cagnotte-radius, 12px);
  font-family: var(--cagnotte-font, inherit);
  font-size: 1rem; line-height: 1.45; color: var(--text);
  font-variant-numeric: tabular-nums; text-align: start;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
p, h2, h3, ul, dl, dd { margin: 0; padding: 0; }
h2, h3 { font-size: 1.0625rem; line-height: 1.3; font-weight: 650; }
.soft { color: var(--soft); font-size: .9375rem; }
.icon { width: 1.25em; height: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); padding: 16px; display: flex; flex-direction: column; gap: 8px; }
.head { display: flex; gap: 10px; align-items: center; }
.head > .icon { color: var(--accent); width: 1.6em; height: 1.6em; }
button, .button { font: inherit; color: inherit; cursor: pointer; }
.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 44px; padding: 8px 16px; border: 1px solid transparent;
  border-radius: calc(var(--radius) * .66); background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none;
}
.button:hover { background: color-mix(in oklab, var(--accent) 88%, var(--text)); }
.second { background: transparent; color: var(--accent); border-color: currentColor; }
.second:hover { background: var(--wash); }
.close { display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 0; border-radius: 999px; background: transparent; color: inherit; flex: none; }
.close:hover { background: color-mix(in oklab, currentColor 12%, transparent); }
a { color: var(--accent); text-underline-offset: .18em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
`;

const sheet = (text) => {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
};

let base;

/** The sheets of a widget: the shared one and its own. */
export function sheets(own) {
  base ??= sheet(shared);
  return [base, sheet(own)];
}
