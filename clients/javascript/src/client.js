/** The client: one method for each operation of the interface, made from the list in operations.js. */

import { Listing } from './listing.js';
import { OPERATIONS } from './operations.js';
import { Transport } from './transport.js';

export class Cagnotte {
  /** @param {import('./index.d.ts').ClientOptions} options */
  constructor(options) {
    const transport = new Transport(options);
    for (const [resource, operations] of Object.entries(OPERATIONS)) {
      const methods = Object.entries(operations).map(([name, operation]) => [
        name,
        method(transport, `${resource}.${name}`, operation),
      ]);
      this[resource] = Object.freeze(Object.fromEntries(methods));
    }
    Object.freeze(this);
  }
}

/**
 * Return the method of an operation: it takes the ids of its path, then body or query where it has one, then options.
 *
 * @param {Transport} transport
 * @param {string} name for errors
 * @param {{method: string, path: string, body?: boolean, query?: boolean, key?: boolean, list?: boolean}} operation
 */
function method(transport, name, operation) {
  const holes = [...operation.path.matchAll(/\{\w+\}/g)].map(([hole]) => hole);
  return (...given) => {
    const path = holes.reduce((filled, hole, at) => filled.replace(hole, id(given[at], hole, name)), operation.path);
    const rest = given.slice(holes.length);
    const params = operation.body || operation.query ? (rest.shift() ?? {}) : {};
    const options = rest.shift() ?? {};
    if (rest.length > 0) {
      throw new TypeError(`${name} takes fewer arguments.`);
    }
    const ask = (query, body) => transport.send({ ...operation, path: path + written(query), body }, options);
    if (operation.list) {
      return new Listing((query) => ask(query), params);
    }
    return operation.body ? ask({}, params) : ask(params);
  };
}

/** Return an id as a part of a path. An id that is missing would name another address. */
function id(given, hole, name) {
  if (typeof given !== 'string' || /^\.{0,2}$/.test(given)) {
    throw new TypeError(`${name} needs ${hole.slice(1, -1)}, a text such as "mem_01j9…"; it was given ${given}.`);
  }
  return encodeURIComponent(given);
}

/** Write a query; what is undefined or null is left out, a list comes with commas. */
function written(query) {
  const told = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(told.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
