// Copies what others made into the places where Cagnotte serves or uses it, and notes each file in vendor.lock.
//
//   npm ci --ignore-scripts && npm run vendor
//
// The lock says of each file: where it is, from which package and version, under which licence, and its SHA-512.
// A test compares the files with it, so nobody edits a vendored file by hand.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const lockFile = join(root, "src/cagnotte/ui/vendor.lock");

// The icons that pages use. Add a name here and run the script again.
const ICONS = `
  activity arrow-left arrow-right arrow-up-right badge-percent banknote bell bell-off book-open building-2 cake calendar
  calendar-clock camera chart-line check chevron-down chevron-left chevron-right circle-alert circle-check circle-dashed
  circle-dot circle-help circle-user-round circle-x clock code coins copy credit-card download ellipsis external-link eye
  eye-off file-text filter fingerprint flag flask-conical gift globe hand-coins hand-heart handshake heart history
  hourglass house image inbox info key landmark languages laptop layers life-buoy lightbulb link list lock log-in log-out
  mail map-pin megaphone menu message-circle monitor moon mouse-pointer-click newspaper package paperclip party-popper
  pause pencil percent piggy-bank play plus qr-code receipt refresh-cw rocket rotate-ccw scale search send settings
  share-2 shield shield-check shopping-bag shopping-cart sliders-horizontal smartphone sparkles square-pen star store sun
  tag terminal thumbs-up ticket ticket-percent timer trash-2 trending-up triangle-alert truck undo-2 upload user
  user-plus users wallet webhook x zap
`.trim().split(/\s+/);

const packageOf = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8"));
const from = (name, path) => readFileSync(join(here, "node_modules", name, path));

/** The drawing inside an icon's file, on one line. */
function drawing(name) {
  const svg = from("lucide-static", `icons/${name}.svg`).toString("utf8");
  return svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\s*\n\s*/g, "");
}

function sprite() {
  const symbols = ICONS.map((name) => `<symbol id="${name}" viewBox="0 0 24 24">${drawing(name)}</symbol>`);
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

const files = [
  ["src/cagnotte/ui/static/ui/fonts/inter-latin-wght.woff2", "@fontsource-variable/inter", "OFL-1.1",
    from("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2")],
  ["src/cagnotte/ui/static/ui/fonts/LICENSE", "@fontsource-variable/inter", "OFL-1.1",
    from("@fontsource-variable/inter", "LICENSE")],
  ["src/cagnotte/ui/static/ui/icons.svg", "lucide-static", "ISC", sprite()],
  ["src/cagnotte/ui/static/ui/icons.LICENSE", "lucide-static", "ISC", from("lucide-static", "LICENSE")],
  ["src/cagnotte/ui/static/ui/js/htmx.min.js", "htmx.org", "0BSD", from("htmx.org", "dist/htmx.min.js")],
  ["src/cagnotte/ui/static/ui/js/htmx.LICENSE", "htmx.org", "0BSD", from("htmx.org", "LICENSE")],
  ["tests/pages/axe.min.js", "axe-core", "MPL-2.0", from("axe-core", "axe.min.js")],
];

const lines = ["# file, package, version, licence, sha512; written by widgets/vendor.mjs"];
for (const [path, name, licence, bytes] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
  lines.push([path, name, packageOf(name).version, licence, createHash("sha512").update(bytes).digest("hex")].join(" "));
}
writeFileSync(lockFile, lines.join("\n") + "\n");
console.log(`${files.length} files, ${ICONS.length} icons`);
