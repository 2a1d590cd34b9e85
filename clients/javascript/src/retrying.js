/** When a request is sent again, and how long to wait before. */

const LONGEST_PAUSE_SECONDS = 8;

/** Statuses after which the same request may fare better; each request that changes something has its key. */
const MAY_PASS = new Set([429, 500, 502, 503, 504]);

/**
 * Tell whether the same request may fare better later.
 *
 * @param {number} status
 * @param {string} code the problem's
 */
export function mayPass(status, code) {
  return MAY_PASS.has(status) || (status === 409 && code === 'idempotency_in_flight');
}

/**
 * Return how many seconds a server asks to wait, or null when it does not say.
 *
 * It says so in Retry-After, as seconds or as a date, or by a used-up quota: RateLimit: "default";r=0;t=12.
 *
 * @param {Headers} headers
 * @param {number} now in milliseconds
 */
export function askedToWait(headers, now) {
  const told = headers.get('retry-after')?.trim();
  if (told && /^\d+$/.test(told)) {
    return Number(told);
  }
  const until = told ? Date.parse(told) : Number.NaN;
  if (!Number.isNaN(until)) {
    return Math.max(0, (until - now) / 1000);
  }
  const limit = headers.get('ratelimit') ?? '';
  const full = /;\s*t=(\d+)/.exec(limit);
  return full && /;\s*r=0\b/.test(limit) ? Number(full[1]) : null;
}

/**
 * Return how many seconds to wait before the next try: twice as long each time, less up to a half by chance, so that
 * many clients that failed together do not come back together. Never less than the server asks for.
 *
 * @param {number} tries so far, from 1
 * @param {number} firstSeconds
 * @param {number | null} asked
 */
export function pauseSeconds(tries, firstSeconds, asked) {
  const longest = Math.min(firstSeconds * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS);
  return (asked ?? 0) + longest * (0.5 + Math.random() / 2);
}

/**
 * Wait, unless the signal says to stop; then throw its reason.
 *
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) {
      stop();
    } else {
      signal?.addEventListener('abort', stop, { once: true });
    }
  });
}
