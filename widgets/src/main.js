// The widgets of Cagnotte. One script, no dependency; docs/how-to/widgets.md says how to use them.

import { Badge } from "./badge.js";
import { Balance } from "./balance.js";
import { Banner } from "./banner.js";
import { Cart } from "./cart.js";
import { Offers } from "./offers.js";
import { Popup } from "./popup.js";
import { Referral } from "./referral.js";
import { Thanks } from "./thanks.js";

const KINDS = { badge: Badge, balance: Balance, banner: Banner, cart: Cart, offers: Offers, popup: Popup, referral: Referral, thanks: Thanks };

for (const [name, kind] of Object.entries(KINDS)) {
  // A script that is there twice defines each element once.
  if (!customElements.get(`cagnotte-${name}`)) customElements.define(`cagnotte-${name}`, kind);
}
