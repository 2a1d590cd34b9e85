// Builds the widgets into one script that the server hands out, and notes from what in build.lock.
//
//   npm ci --ignore-scripts && npm run build
//
// The script is committed, so nobody needs Node to run Cagnotte. A test compares script and sources with the lock.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../src/cagnotte/portal/static/widgets/v1.js");
const GZIP_MAX = 15_000;

// Spaces that only make the sources readable are left out of styles.
const tightStyles = {
  name: "tight-styles",
  setup(build) {
    build.onLoad({ filter: /src\/[a-z]+\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/= `\n([^`]*)`;/g, (_, css) => `= \`${css.replace(/\s*\n\s*/g, "").replace(/\s*([{};])\s*/g, "$1")}\`;`),
    }));
  },
};

await build({
  entryPoints: [join(here, "src/main.js")],
  outfile: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"],
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/* Cagnotte widgets, Apache-2.0 */" },
  plugins: [tightStyles],
  logLevel: "warning",
});

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const sources = readdirSync(join(here, "src")).sort();
const lines = sources.map((name) => `src/${name} ${sha256(readFileSync(join(here, "src", name)))}`);
const made = readFileSync(out);
const size = gzipSync(made, { level: 9 }).length;
lines.push(`v1.js ${sha256(made)}`);
writeFileSync(join(here, "build.lock"), `# file, sha256; written by build.mjs\n${lines.join("\n")}\n`);
console.log(`v1.js: ${made.length} bytes, ${size} compressed`);
if (size > GZIP_MAX) throw new Error(`The widgets are heavier than ${GZIP_MAX} bytes.`);
