/** Shapes and methods of the interface. Written by generate.mjs from the description of the interface (openapi.json); not by hand. */

import type { CallOptions, Listing } from './index.js';

/** An amount of money: whole minor units (cents) of a currency. */
export interface Amount {
  /** In the smallest unit of the currency. */
  amount_minor: number;
  /** ISO 4217. */
  currency: string;
}

/** An amount as a client sends it. */
export interface AmountBody {
  amount_minor: number;
  currency: string;
}

/** The shop whose own software is to take a voucher, at its checkout. */
export interface AtShopBody {
  /** The connection to the shop, as the programme file names it. */
  connection: string;
  /**
   * As what the shop keeps it: a code for one order, a gift card, or credit on a customer's account. Without it,
   * what the shop's software does best.
   */
  form?: Form | null;
  /** Whose it is at the shop: a customer's number or e-mail address there. Credit needs it. */
  customer?: string;
}

/** A basket to be quoted. */
export interface Basket {
  /** The shop's reference. */
  merchant: string;
  currency: string;
  /** Numbered from 1 in this order. */
  lines: LineBody[];
  channel?: "web" | "app" | "store" | "card";
  /** ISO 3166, of the shopper. */
  country?: string | null;
  coupon_codes?: string[];
  /** Charged for delivery, tax included. */
  delivery_minor?: number;
  /** Tax in it. */
  delivery_tax_minor?: number;
  /** Whose it is; with a publishable key, send the header Cagnotte-Member instead. */
  member_id?: string | null;
}

/** What became of a batch, in its order. */
export interface BatchAnswer {
  object: "batch";
  /** How many are a member's. */
  taken: number;
  /** How many are kept, and nobody's yet. */
  unattributed: number;
  refused: number;
  data: BatchItem[];
}

/** What became of one order of a batch: one of `purchase`, `unattributed` and `error` says. */
export interface BatchItem {
  /** Its place in the batch, from 0. */
  index: number;
  /** As if it had been sent alone. */
  status: number;
  purchase?: Purchase | null;
  unattributed?: Unattributed | null;
  error?: Refused | null;
}

/** A maker of products that rewards them wherever they are bought. */
export interface Brand {
  id: string;
  object: "brand";
  ref: string;
  name: string;
  country: string | null;
}

/** A page of brands. */
export interface Brands {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Brand[];
}

/** What a member holds; every amount is zero or more. */
export interface Cagnotte {
  id: string;
  object: "cagnotte";
  /** The day asked for; null = now. */
  as_of: string | null;
  state: "open" | "frozen" | "closed";
  /** Earned, not confirmed by the shop yet. */
  pending: Amount;
  /** Confirmed, and waiting for its delay. */
  confirmed: Amount;
  /** To spend or to be paid. */
  available: Amount;
  /** Reserved for an order or a payout under way. */
  held: Amount;
  /** What a return took back after it was spent; the next rewards repay it. */
  owing: Amount;
  /** Available, less what is owed; zero while more is owed. */
  spendable: Amount;
}

/** Why a payout is called off. */
export interface Cancelling {
  reason?: string;
}

/** What an order took. */
export interface Capture {
  amount: Amount;
  /** Of it, the programme's; the rest is owed to the shop. */
  fee: Amount;
  refunded: Amount;
  captured_at: string;
  lines: LineShare[];
}

/** What one movement did to one state; less than zero where money left it. */
export interface Change {
  state: string;
  amount: Amount;
}

/** Where the money of a closed account went. */
export interface Closing {
  object: "closing";
  member_id: string;
  /** Before; only what came in since has moved. */
  was_closed: boolean;
  /** In a last payout, sent with the next run. */
  payout: Amount;
  /** Kept for its owner: no account it could be paid to. */
  unclaimed: Amount;
  expired: Amount;
  /** Was owed by the member, and is no longer expected. */
  given_up: Amount;
  /** Rewards not available yet; they follow their course. */
  waiting: Amount;
}

/** What a funder pays for products: a share of their base, a fixed sum per order, or both. */
export interface Commission {
  /** In basis points: 250 is 2.5 %. */
  rate_bps: number;
  /** Per order, in the programme's currency. */
  fixed_minor: number;
  /** Whether it is for some products alone. */
  for_some_products: boolean;
}

/** One act of a member. The last one for a purpose counts. */
export interface Consent {
  object: "consent";
  purpose: Purpose;
  granted: boolean;
  at: string;
  source: string;
  text_version: string;
}

/** All acts of a member, oldest first. */
export interface Consents {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Consent[];
}

/** One version of an agreement with a merchant, brand or network. */
export interface Contract {
  id: string;
  object: "contract";
  ref: string;
  version: number;
  funder_kind: string;
  funder: string;
  /** The shop it covers; null = all shops. */
  merchant: string | null;
  valid_from: string | null;
  valid_until: string | null;
  /** Empty: the funder pays exactly the reward. */
  commissions: Commission[];
  /** Days until a confirmed reward is available. */
  release_days: number;
  /** What these days are counted from. */
  release_from: string;
  /** Days after which an unanswered purchase is confirmed; null = never. */
  auto_confirm_days: number | null;
  /** Of available money; null = never. */
  expires_after_months: number | null;
  /** What a return does to a reward. */
  returns: string;
}

/** A page of contracts. */
export interface Contracts {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Contract[];
}

/** A page of deliveries. */
export interface Deliveries {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Delivery[];
}

/** An event on its way to the endpoint. */
export interface Delivery {
  object: "delivery";
  event_id: string;
  type: string;
  object_id: string;
  state: "pending" | "delivered" | "skipped" | "failed";
  attempts: number;
  /** Null once it has arrived or is given up. */
  next_attempt_at: string | null;
  finished_at: string | null;
  /** Why it is not there; empty: nothing is wrong. */
  detail: string;
  last_attempt: DeliveryAttempt | null;
}

/** One call of the endpoint. */
export interface DeliveryAttempt {
  at: string;
  duration_ms: number;
  /** Its answer's; null: there was none. */
  status: number | null;
  /** What went wrong; empty: nothing. */
  detail: string;
  /** The beginning of its answer. */
  answer: string;
}

/** Something that happened. */
export interface Event {
  id: string;
  object: "event";
  type: string;
  /** What it is about; events of one object come in their order. */
  object_id: string;
  created_at: string;
  /** By its type; the catalogue of events shows each with an example. */
  data: Record<string, unknown>;
}

/** A page of events. */
export interface Events {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Event[];
}

/** As what a shop keeps a voucher. */
export type Form = "code" | "gift_card" | "credit";

/** Who pays a part: a commission, of which the reward, the shop's share and the margin. */
export interface Funder {
  /** merchant, brand, network or programme. */
  kind: string;
  ref: string;
  /** Its reference; null = the programme's own money. */
  contract: string | null;
  contract_version: number | null;
  commission: Amount;
  reward: Amount;
  share: Amount;
  margin: Amount;
}

/** Money of a cagnotte that is reserved for an order, and what became of it. */
export interface Hold {
  id: string;
  object: "hold";
  state: "open" | "captured" | "released" | "expired";
  cagnotte_id: string;
  merchant_id: string;
  order_ref: string;
  amount: Amount;
  /** Spent, in time or late; the rest went back. */
  captured: Amount;
  capture: Capture | null;
  expires_at: string | null;
  created_at: string;
  resolved_at: string | null;
}

/** A page of holds. */
export interface Holds {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Hold[];
}

/** One article. Amounts in minor units of the order's currency. */
export interface LineBody {
  /** The article's reference in the catalogue. */
  sku?: string;
  quantity?: number;
  /** Price of all units, tax included, before the discount. */
  amount_minor: number;
  /** Still to be deducted of it. */
  discount_minor?: number;
  /** Tax in what remains. */
  tax_minor?: number;
  /** Of which paid from the cagnotte. */
  wallet_minor?: number;
  /** Without it, as the catalogue says. */
  category?: string | null;
  /** Without it, as the catalogue says. */
  brand?: string | null;
  /** The article is money itself. */
  gift_card?: boolean;
}

/** What the cagnotte paid of a line, and what of it came back. */
export interface LineShare {
  line: string;
  /** The line's price. */
  amount_minor: number;
  /** Of it, from the cagnotte. */
  share_minor: number;
  /** Of the price, given back so far. */
  returned_minor: number;
  /** Of it, to the cagnotte. */
  share_returned_minor: number;
}

/** Money that became available together and expires together. */
export interface Lot {
  id: string;
  object: "lot";
  remaining: Amount;
  available_on: string;
  /** The last day it can be spent; null = never expires. */
  expires_on: string | null;
}

/** All lots with something left, in the order in which they are spent. */
export interface Lots {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Lot[];
}

/** A shopper enrolled in the programme. */
export interface Member {
  id: string;
  object: "member";
  ref: string;
  name: string;
  email: string;
  country: string;
  locale: string;
  segments: string[];
  joined_on: string;
  /** Of the cagnotte. */
  state: "open" | "frozen" | "closed";
  cagnotte_id: string;
  /** With `expand=cagnotte`. */
  cagnotte?: Cagnotte | null;
}

/** What may be changed of a member; what is left out stays as it is. */
export interface MemberChange {
  name?: string | null;
  /** Empty: there is none any more. */
  email?: string | null;
  /** ISO 3166, in capitals. */
  country?: string | null;
  locale?: string | null;
  segments?: string[] | null;
}

/** By which a member's browser sees its own cagnotte and quotes, together with a publishable key. */
export interface MemberToken {
  object: "member_token";
  token: string;
  expires_at: string;
}

/** A page of members. */
export interface Members {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Member[];
}

/** A shop where members earn. */
export interface Merchant {
  id: string;
  object: "merchant";
  /** Its name in purchases and offers. */
  ref: string;
  name: string;
  /** ISO 3166, null when nobody said. */
  country: string | null;
  site: string | null;
}

/** A page of merchants. */
export interface Merchants {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Merchant[];
}

/** Where a member wants the money; the account's number is not shown again. */
export interface Method {
  id: string;
  object: "payout_method";
  kind: string;
  holder: string;
  /** The end of the account's number. */
  last4: string;
  bic: string;
  /** Soon after a change, nothing is paid out. */
  changed_at: string;
}

/** One entry of a cagnotte's book. */
export interface Movement {
  id: string;
  object: "movement";
  /** What happened: see the reference of bookings. */
  kind: string;
  occurred_on: string;
  effective_on: string;
  recorded_at: string;
  changes: Change[];
}

/** A page of movements. */
export interface Movements {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Movement[];
}

/** What an order takes of its hold; without an amount, all of it. */
export interface NewCapture {
  amount?: AmountBody | null;
  /** What the order's lines cost. What the cagnotte pays is shared out over them for good, and refunds name lines. */
  lines?: OrderLine[];
}

/** A member agrees to a purpose, or no longer does. */
export interface NewConsent {
  /** analytics: measuring with the tools of others. marketing: writing to the member, with a CRM. */
  purpose: Purpose;
  granted: boolean;
  /** Where the member said so. */
  source: string;
  /** Which wording the member agreed to; needed when it is granted. */
  text_version?: string;
}

/** Money to reserve for an order. */
export interface NewHold {
  /** The cagnotte, wal_… */
  cagnotte_id?: string | null;
  /** Or its member, mem_… */
  member_id?: string | null;
  /** Or the member's number at the shop. */
  member?: string | null;
  /** Or the code that the member shows at the till: it pays one order, within minutes. */
  pay_code?: string | null;
  /** The shop, mer_… */
  merchant_id?: string | null;
  /** Or its name in files. */
  merchant?: string | null;
  /** The shop's own number of the order: the same order is the same hold. */
  order_ref: string;
  amount: AmountBody;
  /** What the order comes to; needed where only a part may come from the cagnotte. */
  order_total?: AmountBody | null;
  /** Seconds after which the money goes back by itself; 24 hours at most. */
  expires_in?: number;
}

/** A member to enrol. */
export interface NewMember {
  name?: string | null;
  /** Empty: there is none any more. */
  email?: string | null;
  /** ISO 3166, in capitals. */
  country?: string | null;
  locale?: string | null;
  segments?: string[] | null;
  /** Their number, as shops and files give it; unique in the programme. */
  ref: string;
  /** Without it, today. */
  joined_on?: string | null;
}

/** A bank account; it replaces the one that is on file. */
export interface NewMethod {
  /** Whose account it is. */
  holder: string;
  /** Spaces are welcome. */
  iban: string;
  /** Needed where the bank is not known. */
  bic?: string;
}

/** A payout to ask for. */
export interface NewPayout {
  /** The cagnotte, wal_… */
  cagnotte_id?: string | null;
  /** Or its member, mem_… */
  member_id?: string | null;
  /** Or the member's number at the shop. */
  member?: string | null;
  /** Without it, all that is available and one payout pays. More than it pays is refused. */
  amount?: AmountBody | null;
}

/** An order of a member. Name the member, or send traces that lead to one; without either it waits. */
export interface NewPurchase {
  /** The shop's reference. */
  merchant: string;
  currency: string;
  /** Numbered from 1 in this order. */
  lines: LineBody[];
  channel?: "web" | "app" | "store" | "card";
  /** ISO 3166, of the shopper. */
  country?: string | null;
  coupon_codes?: string[];
  /** Charged for delivery, tax included. */
  delivery_minor?: number;
  /** Tax in it. */
  delivery_tax_minor?: number;
  /** When it was bought, with its offset. */
  occurred_at: string;
  /** Token of the paying card. */
  card?: string | null;
  /** The commission a network reports for it. */
  commission_minor?: number | null;
  /** Without it, pending until it is confirmed or declined. */
  status?: Validation | null;
  /** Why it is declined. */
  reason?: "bad_debt" | "booking_cancelled" | "cancelled" | "claim_too_late" | "compliance" | "duplicate_order" | "excluded_product" | "fraud" | "invalid_payment" | "merchant_insolvent" | "not_new_customer" | "offline_completion" | "order_amended" | "other" | "other_referrer" | "out_of_stock" | "paid_with_gift_card" | "returned" | "self_referral" | "terms_not_met" | "unauthorised_coupon" | null;
  /** The shop's number of it; known once per merchant. */
  order_ref: string;
  /** The member's number. */
  member_ref?: string | null;
  member_id?: string | null;
  /** Weighed by the rules of attribution when no member is named. */
  traces?: TraceBody[];
}

/** What comes back of an order: an amount of what the cagnotte paid, or lines. */
export interface NewRefund {
  /** The shop's own number: the same one is the same refund. */
  refund_ref: string;
  amount?: AmountBody | null;
  /** What comes back of each line's price; the cagnotte gets its share of it. */
  lines?: OrderLine[];
}

/** A voucher to issue from a cagnotte. */
export interface NewVoucher {
  /** The cagnotte, wal_… */
  cagnotte_id?: string | null;
  /** Or its member, mem_… */
  member_id?: string | null;
  /** Or the member's number at the shop. */
  member?: string | null;
  /** Your own name for it: the same one is the same voucher. */
  reference: string;
  amount: AmountBody;
  /** What an order must come to; without it, anything. */
  minimum_basket?: AmountBody | null;
  /** Its first day; without it, today. */
  valid_from?: string | null;
  /** Its last day. */
  valid_until: string;
  /**
   * What an order does not need stays on it; false: used once. Without it, true, or what the shop's software
   * does.
   */
  partial_use?: boolean | null;
  /** The only shop that takes it; without one, all of them. */
  merchant_id?: string | null;
  /** Tills can check it without a line; used once, never called off. */
  signed?: boolean;
  /** Have a shop's own software take it at its checkout; the worker tells the shop. */
  shop?: AtShopBody | null;
}

/** An address that shall be told of events. */
export interface NewWebhookEndpoint {
  /** Where events are sent: https://, on the open internet. */
  url: string;
  /** For people. */
  description?: string;
  /** What it hears of; an empty list: everything. */
  event_types?: string[];
  /** standard: id, type, timestamp, data. cloudevents: CloudEvents 1.0. */
  envelope?: "standard" | "cloudevents";
}

/** One version of an offer, published. */
export interface Offer {
  id: string;
  object: "offer";
  ref: string;
  version: number;
  name: string;
  /** What it gives, as a sentence. */
  headline: string;
  /** base: the ordinary rate; boost: adds to it; bonus: for the whole order. */
  role: string;
  /** How it counts. */
  effect: string;
  /** Its rate, or the highest of its tiers; null for sums. */
  rate_bps: number | null;
  /** Its sum, per order or unit; null for rates. */
  amount: Amount | null;
  /** Where it holds; empty = everywhere. */
  merchants: string[];
  /** For what; empty = everything. */
  categories: string[];
  brands: string[];
  minimum_basket: Amount | null;
  /** Whether it is for some members alone. */
  for_some_members: boolean;
  valid_from: string | null;
  /** The last day; null = until further notice. */
  valid_until: string | null;
}

/** A page of offers. */
export interface Offers {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Offer[];
}

/** What became of one of them: the use, or the problem. */
export interface OfflineAnswer {
  order_ref: string;
  use: VoucherUse | null;
  code: string | null;
  status: number;
  detail: string | null;
}

/** What became of each, in the order they were told. */
export interface OfflineAnswers {
  object: "offline_answers";
  data: OfflineAnswer[];
}

/** What a till tells once it has a line again. */
export interface OfflineBatch {
  uses: TakenOffline[];
}

/** A line of the order, by the shop's own name, and an amount of its price. */
export interface OrderLine {
  line: string;
  amount_minor: number;
}

/** Money on its way from a cagnotte to a bank account. */
export interface Payout {
  id: string;
  object: "payout";
  state: "requested" | "approved" | "sent" | "settled" | "rejected" | "returned" | "cancelled";
  cagnotte_id: string;
  /** What the bank hands back: the end-to-end id. */
  reference: string;
  /** Out of the cagnotte. */
  amount: Amount;
  fee: Amount;
  /** What arrives at the bank. */
  transfer: Amount;
  requested_at: string;
  steps: PayoutStep[];
}

/** Something that happened to a payout. */
export interface PayoutStep {
  event: string;
  occurred_on: string;
  at: string;
  /** The bank's, where it gave one. */
  code: string;
  reason: string;
}

/** A page of payouts. */
export interface Payouts {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Payout[];
}

/** What went wrong (RFC 9457). */
export interface Problem {
  /** The page that explains the code. */
  type: string;
  title: string;
  status: number;
  /** A sentence for people. */
  detail: string;
  /** Stable, for machines. */
  code: string;
  request_id?: string | null;
  errors?: ProblemPlace[] | null;
}

/** One thing that is wrong, and where: one of the first three says. */
export interface ProblemPlace {
  /** JSON pointer into the body. */
  pointer?: string | null;
  /** A parameter of the path or query. */
  parameter?: string | null;
  header?: string | null;
  code: string;
  detail: string;
}

/** A set of rules and books: a shop's own programme, a portal, a coalition. */
export interface Programme {
  id: string;
  object: "programme";
  slug: string;
  name: string;
  /** In which its books are kept, ISO 4217. */
  currency: string;
  /** Where its days begin and end. */
  timezone: string;
  /** Test: a sandbox, where nothing is real. */
  mode: "live" | "test";
  created_at: string;
}

/** An order of a member, as it stands after all that was told of it. */
export interface Purchase {
  id: string;
  object: "purchase";
  merchant: string;
  order_ref: string;
  member_id: string;
  member_ref: string;
  state: Validation;
  /** Why it is declined; else empty. */
  reason: string;
  /** Who told of it. */
  source: string;
  /** What led to the member. */
  attributed_by: string;
  occurred_at: string;
  /** What it cost, returns not deducted. */
  amount: Amount;
  /** What it earns as it stands. */
  reward: Amount;
  /** Of which was made available. */
  released: Amount;
  reward_id: string;
  confirmed_on: string | null;
  /** From this day the delay of its contract is over. */
  release_on: string | null;
  /** Counts what was told of it and changed it. */
  version: number;
  /** Left out of lists. */
  lines: PurchaseLine[] | null;
}

/** Many orders at once, each with its own answer. */
export interface PurchaseBatch {
  purchases: Array<{ merchant: string; currency: string; lines: LineBody[]; channel?: "web" | "app" | "store" | "card"; country?: string | null; coupon_codes?: string[]; delivery_minor?: number; delivery_tax_minor?: number; occurred_at: string; card?: string | null; commission_minor?: number | null; status?: Validation | null; reason?: "bad_debt" | "booking_cancelled" | "cancelled" | "claim_too_late" | "compliance" | "duplicate_order" | "excluded_product" | "fraud" | "invalid_payment" | "merchant_insolvent" | "not_new_customer" | "offline_completion" | "order_amended" | "other" | "other_referrer" | "out_of_stock" | "paid_with_gift_card" | "returned" | "self_referral" | "terms_not_met" | "unauthorised_coupon" | null; order_ref: string; member_ref?: string | null; member_id?: string | null; traces?: TraceBody[]; }>;
}

/** One article as it stands, amounts in minor units of the order's currency. */
export interface PurchaseLine {
  number: number;
  sku: string;
  quantity: number;
  amount_minor: number;
  discount_minor: number;
  tax_minor: number;
  wallet_minor: number;
  category: string | null;
  brand: string | null;
  gift_card: boolean;
  returned_quantity: number;
  returned_minor: number;
}

/** A page of purchases. */
export interface Purchases {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Purchase[];
}

/** What personal data may be used for, once the member agrees. Each is asked and withdrawn by itself. */
export type Purpose = "analytics" | "marketing";

/** What a basket would earn now. Nothing is promised by it: what counts is the purchase. */
export interface Quote {
  object: "quote";
  merchant: string;
  /** Whether it is for a certain member, or for anybody. */
  for_member: boolean;
  /** Of the sentences. */
  language: string;
  /** How much of the basket counts. */
  base: Amount;
  /** All of it, vouchers included. */
  reward: Amount;
  /** Of which given as vouchers for a next order. */
  vouchers: Amount;
  lines: QuotedLine[];
  offers: QuotedOffer[];
  /** At most three, the nearest first. */
  next_steps: Step[];
  /** What was earned, what did not count, what was missed. */
  sentences: string[];
}

/** What one line would earn. Number 0 is delivery, where that counts. */
export interface QuotedLine {
  number: number;
  /** How much of it counts. */
  base: Amount;
  reward: Amount;
}

/** What one offer would give. */
export interface QuotedOffer {
  ref: string;
  name: string;
  reward: Amount;
  /** The rate applied; null where it gives a sum. */
  rate_bps: number | null;
  /** Given as a voucher for a next order. */
  as_voucher: boolean;
}

/** Why a trace, or a whole purchase, was not attributed; the nearest to success first. */
export type Reason = "ambiguous" | "member_closed" | "member_blocked" | "stood_down" | "outside_window" | "after_purchase" | "unknown_member" | "kind_not_accepted" | "earlier_click" | "lower_kind" | "no_candidate";

/** What came back to the cagnotte. */
export interface Refund {
  id: string;
  object: "refund";
  hold_id: string;
  refund_ref: string;
  /** Back to the cagnotte. */
  amount: Amount;
  /** Of it, used for what the member owed. */
  repaid: Amount;
  refunded_at: string;
}

/** All refunds of a hold, oldest first. */
export interface Refunds {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Refund[];
}

/** Why a purchase is declined. */
export interface Refusal {
  reason: "bad_debt" | "booking_cancelled" | "cancelled" | "claim_too_late" | "compliance" | "duplicate_order" | "excluded_product" | "fraud" | "invalid_payment" | "merchant_insolvent" | "not_new_customer" | "offline_completion" | "order_amended" | "other" | "other_referrer" | "out_of_stock" | "paid_with_gift_card" | "returned" | "self_referral" | "terms_not_met" | "unauthorised_coupon";
}

/** Why an order of a batch was not taken. */
export interface Refused {
  code: string;
  detail: string;
  errors: ProblemPlace[];
}

/** Which events to send again. */
export interface ReplaySince {
  /** Those told since; 30 days are kept. */
  since: string;
  /** Only those that never arrived; false: all of them. */
  only_lost?: boolean;
}

/** How many events are on their way again. */
export interface Replayed {
  object: "replay";
  webhook_endpoint_id: string;
  events: number;
}

/** The same order told anew, whole. What came back of it stays. */
export interface Restatement {
  /** The shop's reference. */
  merchant: string;
  currency: string;
  /** Numbered from 1 in this order. */
  lines: LineBody[];
  channel?: "web" | "app" | "store" | "card";
  /** ISO 3166, of the shopper. */
  country?: string | null;
  coupon_codes?: string[];
  /** Charged for delivery, tax included. */
  delivery_minor?: number;
  /** Tax in it. */
  delivery_tax_minor?: number;
  /** When it was bought, with its offset. */
  occurred_at: string;
  /** Token of the paying card. */
  card?: string | null;
  /** The commission a network reports for it. */
  commission_minor?: number | null;
  /** Without it, pending until it is confirmed or declined. */
  status?: Validation | null;
  /** Why it is declined. */
  reason?: "bad_debt" | "booking_cancelled" | "cancelled" | "claim_too_late" | "compliance" | "duplicate_order" | "excluded_product" | "fraud" | "invalid_payment" | "merchant_insolvent" | "not_new_customer" | "offline_completion" | "order_amended" | "other" | "other_referrer" | "out_of_stock" | "paid_with_gift_card" | "returned" | "self_referral" | "terms_not_met" | "unauthorised_coupon" | null;
}

/** What came back of a line so far. */
export interface ReturnedLine {
  number: number;
  quantity?: number;
  /** Of its price before discounts. */
  amount_minor: number;
}

/** All that came back of an order so far, by line, or as one amount spread over the lines. Cumulative. */
export interface Returns {
  lines?: ReturnedLine[];
  /** For no line in particular. */
  amount_minor?: number;
}

/** What a purchase earns its member, and why. */
export interface Reward {
  id: string;
  object: "reward";
  purchase_id: string;
  member_ref: string;
  merchant: string;
  order_ref: string;
  /** Of the purchase. */
  state: Validation;
  amount: Amount;
  /** Of which was made available. */
  released: Amount;
  release_on: string | null;
  /** How much of the order counts. */
  base: Amount;
  lines: RewardLine[];
  offers: RewardOffer[];
  language: string;
  /** What was earned, what did not count, what was missed: whole sentences. */
  sentences: string[];
  /** Who pays; null for members. */
  funders: Funder[] | null;
}

/** What one line of the order counted for, and earned. Number 0 is delivery. */
export interface RewardLine {
  number: number;
  /** How much of it counts. */
  base: Amount;
  reward: Amount;
}

/** What one version of an offer gave. */
export interface RewardOffer {
  ref: string;
  version: number;
  /** What it was applied to. */
  base: Amount;
  /** The rate applied; null where it gives a sum. */
  rate_bps: number | null;
  reward: Amount;
  as_voucher: boolean;
}

/** A reward in a list; ask for it by its id to hear why. */
export interface RewardShown {
  id: string;
  object: "reward";
  purchase_id: string;
  member_ref: string;
  merchant: string;
  order_ref: string;
  state: Validation;
  amount: Amount;
  released: Amount;
  release_on: string | null;
}

/** A page of rewards. */
export interface Rewards {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: RewardShown[];
}

/** How long the present secret goes on signing beside the new one. */
export interface Rotation {
  keep_hours?: number;
}

/** More than now, for a little more in the basket. */
export interface Step {
  offer: string;
  name: string;
  kind: "minimum_basket" | "minimum_quantity" | "tier";
  /** The line that was enlarged to reckon it. */
  line: number;
  /** What more has to be bought, as a price. */
  missing: Amount;
  /** Of how many units; 0 where only the amount counts. */
  missing_units: number;
  /** What the whole basket would earn beyond `reward`. */
  extra_reward: Amount;
}

/** What a till without a line took of a signed voucher. */
export interface TakenOffline {
  /** As a person typed it, or the text of a signed voucher. */
  code: string;
  /** The shop, mer_… */
  merchant_id: string;
  /** What the order comes to. */
  basket: AmountBody;
  /** The shop's own number of the order: a voucher pays an order once. */
  order_ref: string;
  /** What it shall pay; without it, what it can. */
  amount?: AmountBody | null;
  used_on: string;
}

/** A voucher and the order it shall help to pay. */
export interface ToCheck {
  /** As a person typed it, or the text of a signed voucher. */
  code: string;
  /** The shop, mer_… */
  merchant_id: string;
  /** What the order comes to. */
  basket: AmountBody;
}

/** A voucher, and the order it pays. */
export interface ToRedeem {
  /** As a person typed it, or the text of a signed voucher. */
  code: string;
  /** The shop, mer_… */
  merchant_id: string;
  /** What the order comes to. */
  basket: AmountBody;
  /** The shop's own number of the order: a voucher pays an order once. */
  order_ref: string;
  /** What it shall pay; without it, what it can. */
  amount?: AmountBody | null;
}

/** What ties a purchase to a member. */
export type Trace = "member_number" | "qr_code" | "card" | "promo_code" | "click" | "receipt" | "email";

/** Something in an order that may lead to a member. */
export interface TraceBody {
  kind: Trace;
  /** A member number, the reference of a click, a code, a card's token, the SHA-256 of an address … */
  value: string;
  /** When it was made, where known. */
  at?: string | null;
}

/** An order that is kept, and nobody's yet. */
export interface Unattributed {
  object: "unattributed_purchase";
  merchant: string;
  order_ref: string;
  attribution: "none";
  /** Why it is nobody's: what came nearest to a member. */
  reason: Reason;
  /** The same as a sentence. */
  detail: string;
}

/** What the merchant or network says about a purchase. */
export type Validation = "pending" | "confirmed" | "declined";

/** Money of a cagnotte on a code. */
export interface Voucher {
  id: string;
  object: "voucher";
  state: "issued" | "part_used" | "used" | "expired" | "void";
  /** Bought, or given by an offer. */
  origin: "wallet" | "reward";
  cagnotte_id: string;
  /** Your own name for it; null for what an offer gave. */
  reference: string | null;
  /** The end of its code. */
  last4: string;
  /** It was issued for. */
  amount: Amount;
  /** It still holds. */
  open: Amount;
  /** Used at shops, less what came back. */
  used: Amount;
  /** Given back to the cagnotte. */
  returned: Amount;
  expired: Amount;
  minimum_basket: Amount;
  valid_from: string;
  valid_until: string;
  partial_use: boolean;
  merchant_id: string | null;
  signed: boolean;
  /** Null when no shop's own software takes it. */
  shop: VoucherAtShop | null;
  created_at: string;
}

/** How a shop's own software knows a voucher. */
export interface VoucherAtShop {
  connection: string;
  form: Form;
  /**
   * telling: not yet known there. refused: the money went back. calling_off: the money comes back once the shop
   * has ended it. ended: nobody can use it there any more.
   */
  state: "telling" | "told" | "refused" | "calling_off" | "ended";
  /** The shop's own name of it. */
  native_id: string | null;
  told_at: string | null;
  /** Up to then what orders took is booked. */
  read_at: string | null;
  /** What went wrong last, in a sentence. */
  problem: string | null;
}

/** Whether a voucher can be used for an order; it is not reserved by asking. */
export interface VoucherCheck {
  object: "voucher_check";
  usable: boolean;
  /** Why not, for machines. */
  reason: string | null;
  /** Why not, in a sentence. */
  detail: string | null;
  /** What it would pay. */
  pays: Amount;
  voucher: Voucher;
}

/** What its owner hands over: a code to type, a QR code to show. */
export interface VoucherCode {
  object: "voucher_code";
  voucher_id: string;
  code: string;
  /** Of a signed voucher; the QR code holds it. */
  signed_text: string | null;
  /** The QR code as an SVG picture. */
  qr_svg: string;
}

/** The public half of a key that signs vouchers. */
export interface VoucherKey {
  id: string;
  object: "voucher_key";
  algorithm: "Ed25519";
  /** 32 bytes, in hexadecimal digits. */
  public_key: string;
  created_at: string;
  /** It signs no more; what it signed is valid. */
  retired_at: string | null;
}

/** Every key that ever signed, oldest first. */
export interface VoucherKeys {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: VoucherKey[];
}

/** What came back. */
export interface VoucherRefund {
  id: string;
  object: "voucher_refund";
  use_id: string;
  refund_ref: string;
  amount: Amount;
  /** It stands on the voucher again; false: the voucher is over, and it is the member's money. */
  to_voucher: boolean;
  /** Of it, used for what the member owed. */
  repaid: Amount;
  refunded_at: string;
}

/** What comes back of an order that a voucher paid. */
export interface VoucherRefunding {
  /** The shop's own number: the same one is the same refund. */
  refund_ref: string;
  amount: AmountBody;
}

/** What a voucher paid of an order. */
export interface VoucherUse {
  id: string;
  object: "voucher_use";
  voucher_id: string;
  merchant_id: string;
  order_ref: string;
  amount: Amount;
  refunded: Amount;
  /** double_…: a signed voucher that had been used before; paid at the programme's loss, or not paid. */
  kind: "used" | "double_paid" | "double_unpaid";
  used_on: string;
}

/** All uses of a voucher, oldest first. */
export interface VoucherUses {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: VoucherUse[];
}

/** A page of vouchers. */
export interface Vouchers {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: Voucher[];
}

/** An address that is told of events. */
export interface WebhookEndpoint {
  id: string;
  object: "webhook_endpoint";
  url: string;
  description: string;
  event_types: string[];
  envelope: "standard" | "cloudevents";
  enabled: boolean;
  /** gone: it answered 410. failing: no good answer for days. */
  disabled_because: "by_hand" | "gone" | "failing" | null;
  disabled_at: string | null;
  /** No good answer since; null: all is well. */
  failing_since: string | null;
  created_at: string;
}

/** What may be changed; what is left out stays as it is. */
export interface WebhookEndpointChange {
  url?: string | null;
  description?: string | null;
  event_types?: string[] | null;
  envelope?: "standard" | "cloudevents" | null;
  /** false: nothing is sent; what is on its way is given up. */
  enabled?: boolean | null;
}

/** An endpoint with its secret, which is shown this once. */
export interface WebhookEndpointWithSecret {
  id: string;
  object: "webhook_endpoint";
  url: string;
  description: string;
  event_types: string[];
  envelope: "standard" | "cloudevents";
  enabled: boolean;
  /** gone: it answered 410. failing: no good answer for days. */
  disabled_because: "by_hand" | "gone" | "failing" | null;
  disabled_at: string | null;
  /** No good answer since; null: all is well. */
  failing_since: string | null;
  created_at: string;
  /** Signs what is sent (Standard Webhooks); keep it on your server. */
  secret: string;
  /** Until then the secret before signs too; null: there is none. */
  secret_before_until: string | null;
}

/** All endpoints, the oldest first. */
export interface WebhookEndpoints {
  object: "list";
  /** Whether there are rows after these. */
  has_more: boolean;
  /** Send it as `cursor` for the next page; null on the last. */
  next_cursor: string | null;
  data: WebhookEndpoint[];
}

/** One property for each resource. */
export interface Resources {
  readonly programme: ProgrammeMethods;
  readonly merchants: MerchantsMethods;
  readonly brands: BrandsMethods;
  readonly contracts: ContractsMethods;
  readonly offers: OffersMethods;
  readonly members: MembersMethods;
  readonly cagnottes: CagnottesMethods;
  readonly me: MeMethods;
  readonly holds: HoldsMethods;
  readonly vouchers: VouchersMethods;
  readonly voucherUses: VoucherUsesMethods;
  readonly voucherKeys: VoucherKeysMethods;
  readonly payouts: PayoutsMethods;
  readonly quotes: QuotesMethods;
  readonly purchases: PurchasesMethods;
  readonly rewards: RewardsMethods;
  readonly events: EventsMethods;
  readonly webhookEndpoints: WebhookEndpointsMethods;
}

export interface ProgrammeMethods {
  /** GET /v1/programme: Return the programme that the key opens. */
  get(options?: CallOptions): Promise<Programme>;
}

export interface MerchantsMethods {
  /** GET /v1/merchants: Return the programme's merchants, by reference. */
  list(query?: { limit?: number; cursor?: string | null; }, options?: CallOptions): Listing<Merchant, Merchants>;
  /** GET /v1/merchants/{merchant_id}: Return one merchant. */
  get(merchantId: string, options?: CallOptions): Promise<Merchant>;
}

export interface BrandsMethods {
  /** GET /v1/brands: Return the programme's brands, by reference. */
  list(query?: { limit?: number; cursor?: string | null; }, options?: CallOptions): Listing<Brand, Brands>;
  /** GET /v1/brands/{brand_id}: Return one brand. */
  get(brandId: string, options?: CallOptions): Promise<Brand>;
}

export interface ContractsMethods {
  /**
   * GET /v1/contracts: Return every version of every contract that is in force on some day, by reference and
   * version.
   */
  list(query?: { limit?: number; cursor?: string | null; }, options?: CallOptions): Listing<Contract, Contracts>;
  /** GET /v1/contracts/{contract_id}: Return one version of a contract. */
  get(contractId: string, options?: CallOptions): Promise<Contract>;
}

export interface OffersMethods {
  /** GET /v1/offers: Return the offers in force on a day, by reference; sentences follow Accept-Language (en, fr). */
  list(query?: { limit?: number; cursor?: string | null; on?: string | null; merchant?: string | null; }, options?: CallOptions): Listing<Offer, Offers>;
  /** GET /v1/offers/{offer_id}: Return one version of an offer. */
  get(offerId: string, options?: CallOptions): Promise<Offer>;
}

export interface MembersMethods {
  /** POST /v1/members: Enrol a member and open the cagnotte. A number that is taken is refused (409). */
  create(body: NewMember, options?: CallOptions): Promise<Member>;
  /** GET /v1/members: Return members, by number. */
  list(query?: { limit?: number; cursor?: string | null; ref?: string | null; email?: string | null; }, options?: CallOptions): Listing<Member, Members>;
  /** GET /v1/members/{member_id}: Return one member; its ETag is what an If-Match of a change names. */
  get(memberId: string, query?: { expand?: "cagnotte"[]; }, options?: CallOptions): Promise<Member>;
  /** PATCH /v1/members/{member_id}: Change a member. With If-Match, only while nobody else has (else 412). */
  update(memberId: string, body?: MemberChange, options?: CallOptions): Promise<Member>;
  /**
   * POST /v1/members/{member_id}/close: Close a member's account: what can be paid goes with the next run, the
   * rest is kept. Again: what came since.
   */
  close(memberId: string, options?: CallOptions): Promise<Closing>;
  /** POST /v1/members/{member_id}/tokens: Make a token for this member's browser; hand it to nobody else. */
  createToken(memberId: string, options?: CallOptions): Promise<MemberToken>;
  /** GET /v1/members/{member_id}/consents: Return all that a member has agreed to and taken back, oldest first. */
  listConsents(memberId: string, options?: CallOptions): Listing<Consent, Consents>;
  /**
   * POST /v1/members/{member_id}/consents: Keep that a member agrees to a purpose, or no longer does; return all
   * acts. The same again changes nothing.
   */
  createConsent(memberId: string, body: NewConsent, options?: CallOptions): Promise<Consents>;
}

export interface CagnottesMethods {
  /** GET /v1/cagnottes/{cagnotte_id}: Return what a member holds, by state. */
  get(cagnotteId: string, query?: { as_of?: string | null; }, options?: CallOptions): Promise<Cagnotte>;
  /** GET /v1/cagnottes/{cagnotte_id}/movements: Return what changed a cagnotte, newest first. */
  listMovements(cagnotteId: string, query?: { limit?: number; cursor?: string | null; }, options?: CallOptions): Listing<Movement, Movements>;
  /** GET /v1/cagnottes/{cagnotte_id}/lots: Return all lots with something left, the one that is spent next first. */
  listLots(cagnotteId: string, options?: CallOptions): Listing<Lot, Lots>;
  /**
   * GET /v1/cagnottes/{cagnotte_id}/payout_method: Return where the member wants the money; 404 when no account
   * is on file.
   */
  getPayoutMethod(cagnotteId: string, options?: CallOptions): Promise<Method>;
  /**
   * PUT /v1/cagnottes/{cagnotte_id}/payout_method: Put the member's bank account on file; its number is checked,
   * sealed, and shown nowhere again.
   */
  setPayoutMethod(cagnotteId: string, body: NewMethod, options?: CallOptions): Promise<Method>;
}

export interface MeMethods {
  /**
   * GET /v1/me/cagnotte: Return what the member of the header Cagnotte-Member holds; for widgets in that member's
   * browser.
   */
  getCagnotte(options?: CallOptions): Promise<Cagnotte>;
  /**
   * GET /v1/me/rewards/{reward_id}: Return a reward of the member of the header Cagnotte-Member, explained to
   * that member.
   */
  getReward(rewardId: string, options?: CallOptions): Promise<Reward>;
}

export interface HoldsMethods {
  /**
   * POST /v1/holds: Reserve money of a cagnotte for an order. The same order with the same amount is the same
   * hold.
   */
  create(body: NewHold, options?: CallOptions): Promise<Hold>;
  /** GET /v1/holds: Return holds, newest first. */
  list(query?: { limit?: number; cursor?: string | null; cagnotte_id?: string | null; }, options?: CallOptions): Listing<Hold, Holds>;
  /** GET /v1/holds/{hold_id}: Return one hold. */
  get(holdId: string, options?: CallOptions): Promise<Hold>;
  /**
   * POST /v1/holds/{hold_id}/capture: Spend a hold, in whole or in part; the rest goes back. One that expired is
   * authorised anew, if money is there.
   */
  capture(holdId: string, body?: NewCapture, options?: CallOptions): Promise<Hold>;
  /**
   * POST /v1/holds/{hold_id}/release: Give a hold up: all of it goes back. One that was captured is refunded
   * instead (409).
   */
  release(holdId: string, options?: CallOptions): Promise<Hold>;
  /**
   * POST /v1/holds/{hold_id}/refunds: Give back what an order took, or a part of it; never more, and never twice
   * under one number.
   */
  refund(holdId: string, body: NewRefund, options?: CallOptions): Promise<Refund>;
  /** GET /v1/holds/{hold_id}/refunds: Return what came back of an order, oldest first. */
  listRefunds(holdId: string, options?: CallOptions): Listing<Refund, Refunds>;
}

export interface VouchersMethods {
  /** POST /v1/vouchers: Turn money of a cagnotte into a voucher. Its code is asked for apart. */
  create(body: NewVoucher, options?: CallOptions): Promise<Voucher>;
  /** GET /v1/vouchers: Return vouchers, newest first. */
  list(query?: { limit?: number; cursor?: string | null; cagnotte_id?: string | null; }, options?: CallOptions): Listing<Voucher, Vouchers>;
  /** POST /v1/vouchers/check: Say whether a voucher can be used for an order, and for how much of it. */
  check(body: ToCheck, options?: CallOptions): Promise<VoucherCheck>;
  /** POST /v1/vouchers/redeem: Pay an order, or a part of it, with a voucher. */
  redeem(body: ToRedeem, options?: CallOptions): Promise<VoucherUse>;
  /**
   * POST /v1/vouchers/offline: Tell what a till without a line took of signed vouchers. Each has its own answer;
   * telling it again is safe. A voucher that had been used before is reported as `double_…`: nothing a till could
   * have known.
   */
  tellOfflineUses(body: OfflineBatch, options?: CallOptions): Promise<OfflineAnswers>;
  /** GET /v1/vouchers/{voucher_id}: Return one voucher. */
  get(voucherId: string, options?: CallOptions): Promise<Voucher>;
  /** POST /v1/vouchers/{voucher_id}/code: Show a voucher's code, for its owner alone. Whoever has it can use it. */
  showCode(voucherId: string, options?: CallOptions): Promise<VoucherCode>;
  /** GET /v1/vouchers/{voucher_id}/uses: Return what a voucher paid, oldest first. */
  listUses(voucherId: string, options?: CallOptions): Listing<VoucherUse, VoucherUses>;
  /**
   * POST /v1/vouchers/{voucher_id}/void: Call a voucher off: what it holds is the member's money again. Not a
   * signed one (409). Where a shop's own software takes it, the shop ends it first: the voucher stays as it is,
   * its `shop.state` says `calling_off`, and the money comes back when the shop has answered.
   */
  void(voucherId: string, options?: CallOptions): Promise<Voucher>;
}

export interface VoucherUsesMethods {
  /**
   * POST /v1/voucher_uses/{use_id}/refunds: Take back what a voucher paid of an order, or a part; never more, and
   * never twice under one number.
   */
  refund(useId: string, body: VoucherRefunding, options?: CallOptions): Promise<VoucherRefund>;
}

export interface VoucherKeysMethods {
  /** GET /v1/voucher_keys: Return the public keys by which tills check signed vouchers; keep them at the till. */
  list(options?: CallOptions): Listing<VoucherKey, VoucherKeys>;
}

export interface PayoutsMethods {
  /** POST /v1/payouts: Ask for a payout: the money is held at once, and goes out with a run once it is approved. */
  create(body?: NewPayout, options?: CallOptions): Promise<Payout>;
  /** GET /v1/payouts: Return payouts, newest first. */
  list(query?: { limit?: number; cursor?: string | null; cagnotte_id?: string | null; }, options?: CallOptions): Listing<Payout, Payouts>;
  /** GET /v1/payouts/{payout_id}: Return one payout, with all that happened to it. */
  get(payoutId: string, options?: CallOptions): Promise<Payout>;
  /**
   * POST /v1/payouts/{payout_id}/cancel: Call a payout off: the money is the member's again. Not once it is in a
   * file for the bank (409).
   */
  cancel(payoutId: string, body?: Cancelling, options?: CallOptions): Promise<Payout>;
}

export interface QuotesMethods {
  /**
   * POST /v1/quotes: Say what a basket would earn, in the language of Accept-Language (en, fr), and what more
   * would bring. It changes nothing. Without a member it is for anybody, and may be kept for a minute.
   */
  create(body: Basket, options?: CallOptions): Promise<Quote>;
}

export interface PurchasesMethods {
  /**
   * POST /v1/purchases: Tell of an order. The same again is answered 200; with other content it is refused (409):
   * restate it. When no member is named and no trace leads to one, it is kept and earns nothing yet (202). It
   * earns once it is sent again with its member, once its traces lead to one, or once a person says whose it is.
   */
  create(body: NewPurchase, options?: CallOptions): Promise<Purchase | Unattributed>;
  /** GET /v1/purchases: Return purchases, the last recorded first. */
  list(query?: { limit?: number; cursor?: string | null; merchant?: string | null; member_id?: string | null; state?: Validation | null; order_ref?: string | null; since?: string | null; until?: string | null; }, options?: CallOptions): Listing<Purchase, Purchases>;
  /**
   * POST /v1/purchases/batch: Tell of up to 500 orders. The good ones are taken; each of the others comes back
   * with what is wrong.
   */
  createMany(body: PurchaseBatch, options?: CallOptions): Promise<BatchAnswer>;
  /**
   * POST /v1/purchases/{purchase_id}/restate: Tell an order anew, whole; its reward follows, by the rules of its
   * day. Only what this interface told of.
   */
  restate(purchaseId: string, body: Restatement, options?: CallOptions): Promise<Purchase>;
  /** GET /v1/purchases/{purchase_id}: Return one purchase with its lines. */
  get(purchaseId: string, options?: CallOptions): Promise<Purchase>;
  /**
   * POST /v1/purchases/{purchase_id}/confirm: Confirm an order: what it earns waits for its delay only. Confirmed
   * again, it stays as it is.
   */
  confirm(purchaseId: string, options?: CallOptions): Promise<Purchase>;
  /**
   * POST /v1/purchases/{purchase_id}/decline: Decline an order, and say why: it earns nothing. What was available
   * already comes back by the contract.
   */
  decline(purchaseId: string, body: Refusal, options?: CallOptions): Promise<Purchase>;
  /**
   * POST /v1/purchases/{purchase_id}/cancel: Cancel an order: it is declined, because the buyer or the shop
   * cancelled it.
   */
  cancel(purchaseId: string, options?: CallOptions): Promise<Purchase>;
  /**
   * POST /v1/purchases/{purchase_id}/returns: Say all that came back of an order so far. It replaces what was
   * said before: the same again is the same.
   */
  return(purchaseId: string, body?: Returns, options?: CallOptions): Promise<Purchase>;
}

export interface RewardsMethods {
  /** GET /v1/rewards: Return rewards, those of the last recorded purchases first. */
  list(query?: { limit?: number; cursor?: string | null; member_id?: string | null; }, options?: CallOptions): Listing<RewardShown, Rewards>;
  /**
   * GET /v1/rewards/{reward_id}: Return a reward with its decision, explained in the language of Accept-Language
   * (en, fr).
   */
  get(rewardId: string, query?: { audience?: "member" | "operator"; }, options?: CallOptions): Promise<Reward>;
}

export interface EventsMethods {
  /** GET /v1/events: Return events of the last 30 days, the latest first. */
  list(query?: { limit?: number; cursor?: string | null; type?: string | null; object_id?: string | null; created_since?: string | null; created_until?: string | null; }, options?: CallOptions): Listing<Event, Events>;
  /** GET /v1/events/{event_id}: Return one event. */
  get(eventId: string, options?: CallOptions): Promise<Event>;
}

export interface WebhookEndpointsMethods {
  /**
   * POST /v1/webhook_endpoints: Name an address that is told of events from now on; its secret is shown this
   * once.
   */
  create(body: NewWebhookEndpoint, options?: CallOptions): Promise<WebhookEndpointWithSecret>;
  /** GET /v1/webhook_endpoints: Return all endpoints; a programme has 20 at most. */
  list(options?: CallOptions): Listing<WebhookEndpoint, WebhookEndpoints>;
  /**
   * GET /v1/webhook_endpoints/{webhook_endpoint_id}: Return one endpoint; its ETag is what an If-Match of a
   * change names.
   */
  get(webhookEndpointId: string, options?: CallOptions): Promise<WebhookEndpoint>;
  /**
   * PATCH /v1/webhook_endpoints/{webhook_endpoint_id}: Change an endpoint, or switch it off or on. With If-Match,
   * only while nobody else has (else 412).
   */
  update(webhookEndpointId: string, body?: WebhookEndpointChange, options?: CallOptions): Promise<WebhookEndpoint>;
  /**
   * DELETE /v1/webhook_endpoints/{webhook_endpoint_id}: Remove an endpoint with the log of its deliveries; what
   * is on its way is sent no more.
   */
  delete(webhookEndpointId: string, options?: CallOptions): Promise<void>;
  /**
   * POST /v1/webhook_endpoints/{webhook_endpoint_id}/rotate_secret: Give an endpoint a new secret, shown this
   * once; for some hours both sign what is sent.
   */
  rotateWebhookSecret(webhookEndpointId: string, body?: Rotation, options?: CallOptions): Promise<WebhookEndpointWithSecret>;
  /**
   * POST /v1/webhook_endpoints/{webhook_endpoint_id}/test: Send an endpoint an event that means nothing
   * (webhook_endpoint.test), to see whether it arrives.
   */
  sendTestEvent(webhookEndpointId: string, options?: CallOptions): Promise<Delivery>;
  /**
   * GET /v1/webhook_endpoints/{webhook_endpoint_id}/deliveries: Return what was sent to an endpoint, and what
   * became of it, the latest events first.
   */
  listDeliveries(webhookEndpointId: string, query?: { limit?: number; cursor?: string | null; state?: "pending" | "delivered" | "skipped" | "failed" | null; }, options?: CallOptions): Listing<Delivery, Deliveries>;
  /**
   * POST /v1/webhook_endpoints/{webhook_endpoint_id}/deliveries/{event_id}/replay: Send an event to an endpoint
   * once more, under the same id, whatever became of it before.
   */
  replayDelivery(webhookEndpointId: string, eventId: string, options?: CallOptions): Promise<Delivery>;
  /**
   * POST /v1/webhook_endpoints/{webhook_endpoint_id}/replay: Send the events since a moment again, under the same
   * ids: those that never arrived, or all of them.
   */
  replaySince(webhookEndpointId: string, body: ReplaySince, options?: CallOptions): Promise<Replayed>;
}
