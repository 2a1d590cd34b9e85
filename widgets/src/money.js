// Amounts are whole numbers of minor units with a currency; text goes in and out without passing through fractions.

/** How many digits a currency has behind the point: 2 for EUR, 0 for JPY. */
export function digitsOf(currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

/** "69.90" → 6990. What is no amount, or finer than the currency, is null. */
export function minorOf(text, currency) {
  const digits = digitsOf(currency);
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(String(text ?? "").trim());
  if (!match) return null;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > digits) return null;
  return Number(match[1] + fraction.padEnd(digits, "0"));
}

/** {amount_minor: 1240, currency: "EUR"} → "12,40 €" in French, "€12.40" in English. */
export function money({ amount_minor: minor, currency }, language) {
  const digits = digitsOf(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const number = digits ? `${whole}.${text.slice(-digits)}` : whole;
  return new Intl.NumberFormat(language, { style: "currency", currency }).format((minor < 0 ? "-" : "") + number);
}
