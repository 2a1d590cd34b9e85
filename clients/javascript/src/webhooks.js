/**
 * Webhooks of Cagnotte: signed as Standard Webhooks has it (https://www.standardwebhooks.com).
 *
 * Signed is `id.timestamp.body` under HMAC-SHA256; a message may carry several signatures while a secret is replaced.
 */

import { webcrypto } from 'node:crypto';

const TOLERANCE_SECONDS = 300;
const encoder = new TextEncoder();

/** A message that is not to be trusted. `reason`: header_missing, too_old, too_new, signature_wrong or not_json. */
export class WebhookError extends Error {
  /** @param {string} reason @param {string} message */
  constructor(reason, message) {
    super(message);
    this.name = 'WebhookError';
    this.reason = reason;
  }
}

/**
 * Check a message and return its event. Raises WebhookError; then answer 400 and do nothing.
 *
 * The id of an event (webhook-id) stays the same when it is sent again: keep those you have worked on.
 *
 * @param {string | Uint8Array} body as it came, before anything parsed it
 * @param {Headers | Record<string, string | string[] | undefined>} headers
 * @param {string | string[]} secrets whsec_…; all that are valid while one replaces another
 * @param {{toleranceSeconds?: number, now?: number}} [options] now: in milliseconds
 * @returns {Promise<import('./index.d.ts').WebhookEvent>}
 */
export async function verifyWebhook(body, headers, secrets, options = {}) {
  const bytes = raw(body);
  const [name, at, told] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((one) => header(headers, one));
  checkAge(at, options.now ?? Date.now(), options.toleranceSeconds ?? TOLERANCE_SECONDS);
  const signed = concatenated(encoder.encode(`${name}.${at}.`), bytes);
  const signatures = told.split(' ').filter((one) => one.startsWith('v1,'));
  const checks = keysOf(secrets).map(async (secret) => {
    const key = await hmac(secret, 'verify');
    // The comparison inside takes the same time wherever the difference is.
    return Promise.all(signatures.map((one) => webcrypto.subtle.verify('HMAC', key, decoded(one.slice(3)), signed)));
  });
  if (!(await Promise.all(checks)).flat().includes(true)) {
    throw new WebhookError('signature_wrong', 'The message is not signed with any of the secrets given.');
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new WebhookError('not_json', 'The message is signed, but it is no JSON.');
  }
}

/**
 * Return the headers that sign a message, for tests of your own endpoint.
 *
 * @param {string | Uint8Array} body
 * @param {{id: string, secret: string, now?: number}} how now: in milliseconds
 * @returns {Promise<Record<string, string>>}
 */
export async function signWebhook(body, { id, secret, now = Date.now() }) {
  const at = String(Math.floor(now / 1000));
  const key = await hmac(keysOf(secret)[0], 'sign');
  const signed = concatenated(encoder.encode(`${id}.${at}.`), raw(body));
  const signature = Buffer.from(await webcrypto.subtle.sign('HMAC', key, signed)).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
}

function raw(body) {
  if (typeof body === 'string') {
    return encoder.encode(body);
  }
  if (body instanceof Uint8Array) {
    return body;
  }
  throw new TypeError('Hand over the body as it came, as text or bytes: what was parsed cannot be checked.');
}

function header(headers, name) {
  const found =
    typeof headers.get === 'function'
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const text = Array.isArray(found) ? found[0] : found;
  if (!text) {
    throw new WebhookError('header_missing', `The message has no header ${name}.`);
  }
  return text;
}

function checkAge(at, now, toleranceSeconds) {
  const age = /^\d{1,12}$/.test(at) ? now / 1000 - Number(at) : Number.NaN;
  if (Number.isNaN(age)) {
    throw new WebhookError('header_missing', 'The header webhook-timestamp holds no time.');
  }
  if (age > toleranceSeconds) {
    throw new WebhookError('too_old', `The message was sent ${Math.round(age)} seconds ago: it may be a copy.`);
  }
  if (age < -toleranceSeconds) {
    throw new WebhookError('too_new', 'The message was sent in the future: look at the clock of this machine.');
  }
}

/** Return the keys in secrets, which are base64 behind whsec_. */
function keysOf(secrets) {
  const keys = [secrets].flat().map((secret) => {
    const key = typeof secret === 'string' ? decoded(secret.replace(/^whsec_/, '')) : new Uint8Array();
    if (key.length === 0) {
      throw new TypeError('A secret of webhooks is a text such as whsec_…; one of those given is none.');
    }
    return key;
  });
  if (keys.length === 0) {
    throw new TypeError('No secret was given, so nothing can be checked.');
  }
  return keys;
}

function decoded(text) {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function concatenated(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function hmac(key, use) {
  return webcrypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [use]);
}
