/** @cagnotte/client: the REST interface of Cagnotte, for servers. */

import type { Resources } from './shapes.js';

export type * from './shapes.js';

export interface ClientOptions {
  /** Where Cagnotte is, such as https://cagnotte.example. */
  address: string;
  /** A secret key: cag_live_sk_… or cag_test_sk_…. */
  key: string;
  /** A dated version of the interface; without it the key's. */
  version?: string;
  /** Of the sentences in answers: "fr" or "en". */
  language?: string;
  /** How often a request is sent again, 4 unless told otherwise. */
  maxRetries?: number;
  /** For each try, 30 unless told otherwise. */
  timeoutSeconds?: number;
  /** Before the second try, 0.5 unless told otherwise; twice as long before each one after it. */
  firstPauseSeconds?: number;
  /** Instead of the global fetch, such as one that goes through a proxy. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** What may be said of one call. */
export interface CallOptions {
  /** A name of your own for this request; without one each call draws its own, for all its tries. */
  idempotencyKey?: string;
  /** The ETag of what you read: change it only while nobody else has. */
  ifMatch?: string;
  /** The ETag of what you hold: the answer is null while it is the same. */
  ifNoneMatch?: string;
  /** A member's token, for `me`. */
  memberToken?: string;
  language?: string;
  maxRetries?: number;
  timeoutSeconds?: number;
  /** Stops the call, and its waiting. */
  signal?: AbortSignal;
}

export interface Cagnotte extends Resources {}

export class Cagnotte {
  constructor(options: ClientOptions);
}

/** A page of a list. */
export interface Page<Item> {
  data: Item[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A list: awaited, its first page; iterated, every item of every page. */
export class Listing<Item, Whole extends Page<Item> = Page<Item>> implements PromiseLike<Whole>, AsyncIterable<Item> {
  then<A = Whole, B = never>(
    resolve?: ((page: Whole) => A | PromiseLike<A>) | null,
    reject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(reject?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Whole | B>;
  finally(call?: (() => void) | null): Promise<Whole>;
  pages(): AsyncGenerator<Whole, void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined>;
  toArray(count: number): Promise<Item[]>;
}

/** How something was answered. */
export interface ResponseFacts {
  status: number;
  /** req_…, by which the log of requests finds it. */
  requestId: string;
  etag: string | null;
  /** Whether this is the answer to an earlier request with the same Idempotency-Key. */
  replayed: boolean;
  headers: Headers;
}

/** Return how something was answered; undefined for what no call of this client returned. */
export function responseOf(told: object): ResponseFacts | undefined;

export class CagnotteError extends Error {}

/** One fault of a request, and where it is. */
export interface Fault {
  code: string;
  detail: string;
  /** Into the body, such as "#/lines/0/amount_minor". */
  pointer?: string;
  /** Of the address. */
  parameter?: string;
  header?: string;
}

/** Cagnotte refused; nothing was changed. */
export class ApiError extends CagnotteError {
  readonly status: number;
  /** Stable, such as "insufficient_funds"; "no_problem" when the answer was none of Cagnotte's. */
  readonly code: string;
  readonly type: string;
  readonly title: string;
  readonly requestId: string;
  readonly errors: Fault[];
  readonly retryAfterSeconds: number | null;
  /** The whole problem document (RFC 9457). */
  readonly problem: Record<string, unknown>;
  /** Where in the body the first fault is; null when none is named. */
  get pointer(): string | null;
}

/** No answer came, after all tries. What was asked may have been done. */
export class ConnectionError extends CagnotteError {}

export interface WebhookEvent<Data = Record<string, unknown>> {
  /** evt_…, the same however often it is sent. */
  id: string;
  type: string;
  timestamp: string;
  data: Data;
  [more: string]: unknown;
}

export type WebhookReason = 'header_missing' | 'too_old' | 'too_new' | 'signature_wrong' | 'not_json';

/** A message that is not to be trusted. */
export class WebhookError extends Error {
  readonly reason: WebhookReason;
}

/** Check a message and return its event. Rejects with WebhookError. */
export function verifyWebhook<Data = Record<string, unknown>>(
  body: string | Uint8Array,
  headers: Headers | Record<string, string | string[] | undefined>,
  secrets: string | string[],
  options?: { toleranceSeconds?: number; now?: number },
): Promise<WebhookEvent<Data>>;

/** Return the headers that sign a message, for tests of your own endpoint. */
export function signWebhook(
  body: string | Uint8Array,
  how: { id: string; secret: string; now?: number },
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;
