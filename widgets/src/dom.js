// Elements made by hand: no HTML is parsed and no style attribute written, so any Content-Security-Policy allows it.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. Properties beginning with "on" listen; null children are left out. */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// Drawn for these widgets, on a grid of 24.
const DRAWINGS = {
  coin: ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18Z", "M14.8 9.2a4 4 0 1 0 0 5.6"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  check: ["M4.5 12.5l5 5l10-11"],
  copy: ["M9 9h10v11H9Z", "M15 9V4H5v11h4"],
  share: ["M12 15V3.5", "M7.5 8L12 3.5L16.5 8", "M5 13v7h14v-7"],
  arrow: ["M5 12h14", "M13 6l6 6l-6 6"],
};

/** Make an icon, for the eye only. */
export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) {
    drawn.setAttribute(key, value);
  }
  for (const line of DRAWINGS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    drawn.append(path);
  }
  return drawn;
}

/** Return the address if it leads to a page, else "#": a link never runs a script. */
export function address(text, base = document.baseURI) {
  try {
    const found = new URL(text, base);
    return found.protocol === "https:" || found.protocol === "http:" ? found.href : "#";
  } catch {
    return "#";
  }
}
