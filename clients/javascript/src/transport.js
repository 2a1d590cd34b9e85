/** One request, with its tries, its time-outs, and what became of it. */

import { randomUUID } from 'node:crypto';
import { ApiError, ConnectionError } from './errors.js';
import { askedToWait, mayPass, pause, pauseSeconds } from './retrying.js';

export const VERSION = '0.1.0';

/** A server that asks for a longer pause than this is not waited for. */
const PATIENCE_SECONDS = 60;

/** @type {WeakMap<object, import('./index.d.ts').ResponseFacts>} */
const facts = new WeakMap();

/**
 * Return the status and headers with which something was answered: its request id, its ETag, whether it is a replay.
 *
 * @param {object} told what a call of this client returned
 */
export function responseOf(told) {
  return facts.get(told);
}

export class Transport {
  #key;

  /** @param {import('./index.d.ts').ClientOptions} options */
  constructor(options) {
    const { address, key } = options;
    if (!/^https?:\/\/[^\s/]/.test(address ?? '')) {
      throw new TypeError('The address of Cagnotte is missing: new Cagnotte({address: "https://cagnotte.example", …}).');
    }
    if (typeof key !== 'string' || !/^cag_(live|test)_(sk|pk)_/.test(key)) {
      throw new TypeError('The key is missing, or none of Cagnotte’s: cag_live_sk_… or cag_test_sk_….');
    }
    if (key.includes('_sk_') && typeof globalThis.document !== 'undefined') {
      throw new TypeError('A secret key opens the whole programme: keep it on your server, away from browsers.');
    }
    this.#key = key;
    this.address = address.replace(/\/+$/, '');
    this.version = options.version;
    this.language = options.language;
    this.maxRetries = options.maxRetries ?? 4;
    this.timeoutSeconds = options.timeoutSeconds ?? 30;
    this.firstPauseSeconds = options.firstPauseSeconds ?? 0.5;
    this.fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /**
   * Send a request until it is answered for good, and return what was answered: null for 304, undefined without a body.
   *
   * Raises ApiError, ConnectionError, or the reason of the caller's own signal.
   *
   * @param {{method: string, path: string, body?: unknown, key?: boolean}} ask
   * @param {import('./index.d.ts').CallOptions} options
   * @returns {Promise<any>}
   */
  async send(ask, options) {
    const init = {
      method: ask.method,
      headers: this.#headers(ask, options),
      body: ask.body === undefined ? undefined : JSON.stringify(ask.body),
      // A key never follows to another address.
      redirect: 'manual',
    };
    const maxRetries = options.maxRetries ?? this.maxRetries;
    for (let tries = 1; ; tries += 1) {
      const [told, error] = await this.#once(this.address + ask.path, init, options);
      if (!error) {
        return told;
      }
      const asked = error instanceof ApiError ? error.retryAfterSeconds : null;
      const passes = error instanceof ConnectionError || mayPass(error.status, error.code);
      if (!passes || tries > maxRetries || (asked ?? 0) > PATIENCE_SECONDS) {
        throw error;
      }
      await pause(pauseSeconds(tries, this.firstPauseSeconds, asked), options.signal);
    }
  }

  /** @returns {Headers} what cannot stand in a header is refused here, before anything is sent */
  #headers(ask, options) {
    const told = {
      Authorization: `Bearer ${this.#key}`,
      Accept: 'application/json',
      'User-Agent': `cagnotte-javascript/${VERSION}`,
      'Content-Type': ask.body === undefined ? undefined : 'application/json',
      // Drawn once for all tries of a request, so that it is done once.
      'Idempotency-Key': ask.key ? (options.idempotencyKey ?? randomUUID()) : undefined,
      'If-Match': options.ifMatch,
      'If-None-Match': options.ifNoneMatch,
      'Accept-Language': options.language ?? this.language,
      'Cagnotte-Member': options.memberToken,
      'Cagnotte-Version': this.version,
    };
    return new Headers(Object.entries(told).filter(([, value]) => value !== undefined));
  }

  /**
   * Try once. Returns [what was answered, nothing], or [nothing, the error].
   *
   * @returns {Promise<[any, ApiError | ConnectionError | undefined]>}
   */
  async #once(url, init, options) {
    const seconds = options.timeoutSeconds ?? this.timeoutSeconds;
    const own = new AbortController();
    const stop = () => own.abort(options.signal?.reason);
    const timer = setTimeout(() => own.abort(), seconds * 1000);
    options.signal?.addEventListener('abort', stop, { once: true });
    try {
      options.signal?.throwIfAborted();
      const answer = await this.fetch(url, { ...init, signal: own.signal });
      return read(answer, await answer.text());
    } catch (error) {
      options.signal?.throwIfAborted();
      const why = own.signal.aborted ? `within ${seconds} seconds` : `(${error.cause?.code ?? error.message})`;
      return [undefined, new ConnectionError(`No answer of Cagnotte ${why}.`, { cause: error })];
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', stop);
    }
  }
}

/**
 * Read an answer.
 *
 * @param {Response} answer
 * @param {string} text
 * @returns {[any, ApiError | undefined]}
 */
function read(answer, text) {
  if (answer.status === 304) {
    return [null, undefined];
  }
  const told = parsed(text);
  const { status, headers } = answer;
  const requestId = headers.get('request-id') ?? '';
  if (answer.ok && told !== undefined) {
    if (typeof told === 'object' && told !== null) {
      facts.set(told, {
        status,
        requestId,
        etag: headers.get('etag'),
        replayed: headers.get('idempotent-replayed') === 'true',
        headers,
      });
    }
    return [told, undefined];
  }
  if (answer.ok && text === '') {
    return [undefined, undefined];
  }
  const foreign = { detail: `The answer (status ${status}) is none of Cagnotte’s: is this its address?` };
  const problem = typeof told?.code === 'string' ? told : foreign;
  return [undefined, new ApiError(problem, { status, requestId, retryAfterSeconds: askedToWait(headers, Date.now()) })];
}

/** Return what JSON says, undefined where it is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
