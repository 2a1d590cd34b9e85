/** Lists: awaited, a listing is its first page; iterated, it is every item of every page. */

/**
 * @template T
 * @implements {AsyncIterable<T>}
 */
export class Listing {
  #ask;
  #query;

  /**
   * @param {(query: Record<string, unknown>) => Promise<any>} ask asks for one page
   * @param {Record<string, unknown>} query
   */
  constructor(ask, query) {
    this.#ask = ask;
    this.#query = query;
  }

  /** Ask for the first page; what `await` does. */
  then(resolve, reject) {
    return this.#ask(this.#query).then(resolve, reject);
  }

  catch(reject) {
    return this.then(undefined, reject);
  }

  finally(call) {
    return this.#ask(this.#query).finally(call);
  }

  /** Go through the pages, each asked for when the one before is used up. */
  async *pages() {
    let page = await this.#ask(this.#query);
    yield page;
    while (page.has_more && page.next_cursor) {
      page = await this.#ask({ ...this.#query, cursor: page.next_cursor });
      yield page;
    }
  }

  /** Go through the items of all pages. */
  async *[Symbol.asyncIterator]() {
    for await (const page of this.pages()) {
      yield* page.data;
    }
  }

  /**
   * Return the items of all pages, `count` of them: a list may be longer than your memory.
   *
   * @param {number} count
   * @returns {Promise<T[]>}
   */
  async toArray(count) {
    const found = [];
    for await (const item of this) {
      if (found.length >= count) {
        break;
      }
      found.push(item);
    }
    return found;
  }
}
