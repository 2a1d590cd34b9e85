import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { ApiError, Cagnotte, ConnectionError, responseOf } from '../src/index.js';
import { fake, problem } from './fake.js';

const MONEY = { amount_minor: 500, currency: 'EUR' };

async function against(answers, play, options) {
  const server = await fake(answers, options);
  try {
    await play(server);
  } finally {
    await server.close();
  }
}

test('a method fills its path, sends its body and returns what was answered', () =>
  against([[200, { id: 'hld_1', object: 'hold' }]], async ({ cagnotte, asked }) => {
    const hold = await cagnotte.holds.capture('hld_1', { amount: MONEY }, { idempotencyKey: 'mine', language: 'fr' });
    assert.deepEqual(hold, { id: 'hld_1', object: 'hold' });
    const [{ method, url, headers, body }] = asked;
    assert.deepEqual([method, url, body], ['POST', '/v1/holds/hld_1/capture', JSON.stringify({ amount: MONEY })]);
    assert.equal(headers.authorization, 'Bearer cag_test_sk_1');
    assert.equal(headers['idempotency-key'], 'mine');
    assert.equal(headers['accept-language'], 'fr');
    assert.equal(headers['content-type'], 'application/json');
  }));

test('a capture of everything needs no body of the caller', () =>
  against([[200, {}], [200, {}]], async ({ cagnotte, asked }) => {
    await cagnotte.holds.capture('hld_1');
    await cagnotte.holds.release('hld_1', { idempotencyKey: 'r' });
    assert.deepEqual(asked.map((one) => one.body), ['{}', '']);
    assert.deepEqual([asked[1].headers['idempotency-key'], asked[1].headers['content-type']], ['r', undefined]);
  }));

test('queries leave out what is not said', () =>
  against([[200, { data: [], has_more: false, next_cursor: null }]], async ({ cagnotte, asked }) => {
    await cagnotte.members.list({ limit: 5, ref: 'a&b', email: undefined, cursor: null });
    assert.equal(asked[0].url, '/v1/members?limit=5&ref=a%26b');
    assert.equal(asked[0].headers['idempotency-key'], undefined);
  }));

test('an id that is missing, or would lead elsewhere, is refused before anything is sent', () =>
  against([], async ({ cagnotte, asked }) => {
    for (const id of [undefined, '', '.', '..', 17, null]) {
      assert.throws(() => cagnotte.holds.get(id), /holds.get needs hold_id/);
    }
    assert.throws(() => cagnotte.holds.release('hld_1', {}, 'more'), /fewer arguments/);
    assert.equal(asked.length, 0);
  }));

test('an id cannot leave its place in the path', () =>
  against([[200, {}]], async ({ cagnotte, asked }) => {
    await cagnotte.holds.get('a/../$&?b');
    assert.equal(asked[0].url, '/v1/holds/a%2F..%2F%24%26%3Fb');
  }));

test('all tries of a request carry one key, and another request another', () =>
  against(['lost', [503, 'busy'], [201, { id: 'hld_1' }], [201, {}]], async ({ cagnotte, asked }) => {
    assert.equal((await cagnotte.holds.create({ order_ref: 'A' })).id, 'hld_1');
    await cagnotte.holds.create({ order_ref: 'B' });
    const keys = asked.map((one) => one.headers['idempotency-key']);
    assert.equal(new Set(keys.slice(0, 3)).size, 1);
    assert.notEqual(keys[3], keys[0]);
    assert.match(keys[0], /^[\w-]{36}$/);
  }));

test('a request that is being worked on is asked for again', () =>
  against(
    [problem(409, 'idempotency_in_flight', {}, { 'Retry-After': '0' }), [201, { id: 'hld_1' }]],
    async ({ cagnotte, asked }) => {
      assert.equal((await cagnotte.holds.create({})).id, 'hld_1');
      assert.equal(asked.length, 2);
    },
  ));

test('a refusal is not repeated, and says everything', () =>
  against(
    [
      problem(422, 'invalid_row', {
        errors: [
          { parameter: 'limit', code: 'a', detail: 'A.' },
          { pointer: '#/amount', code: 'bad_amount', detail: 'Bad.' },
        ],
      }),
      problem(409, 'conflict'),
    ],
    async ({ cagnotte, asked }) => {
      const error = await cagnotte.holds.create({}).catch((caught) => caught);
      assert.ok(error instanceof ApiError);
      assert.deepEqual(
        [error.status, error.code, error.pointer, error.requestId, error.message, error.errors.length],
        [422, 'invalid_row', '#/amount', 'req_p', 'It is invalid_row.', 2],
      );
      await assert.rejects(cagnotte.holds.create({}), { code: 'conflict', pointer: null });
      assert.equal(asked.length, 2);
    },
  ));

test('a quota that is used up is waited for as long as the server says', () =>
  against(
    [problem(429, 'quota_exceeded', {}, { RateLimit: '"default";r=0;t=1' }), [200, { id: 'mem_1' }]],
    async ({ cagnotte }) => {
      const before = Date.now();
      await cagnotte.members.get('mem_1');
      const waited = Date.now() - before;
      assert.ok(waited >= 1000, `waited ${waited} ms`);
    },
  ));

test('a server that asks for too long a pause is not waited for', () =>
  against([problem(503, 'unavailable', {}, { 'Retry-After': '3600' })], async ({ cagnotte, asked }) => {
    await assert.rejects(cagnotte.members.get('mem_1'), { status: 503, retryAfterSeconds: 3600 });
    assert.equal(asked.length, 1);
  }));

test('after all tries the last error stands', () =>
  against([problem(500, 'a'), 'lost', problem(502, 'b')], async ({ cagnotte, asked }) => {
    await assert.rejects(cagnotte.members.get('mem_1', {}, { maxRetries: 2 }), { code: 'b' });
    assert.equal(asked.length, 3);
  }));

test('nobody there is a connection error', async () => {
  const server = await fake([]);
  await server.close();
  await assert.rejects(server.cagnotte.members.get('mem_1'), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.message, 'No answer of Cagnotte (ECONNREFUSED).');
    return true;
  });
});

test('a try ends with its time, and the next one may succeed', () =>
  against(['silent', [200, { id: 'mem_1' }]], async ({ cagnotte, asked }) => {
    assert.equal((await cagnotte.members.get('mem_1', {}, { timeoutSeconds: 0.1 })).id, 'mem_1');
    assert.equal(asked.length, 2);
  }));

test('a signal stops the call, its waiting too, with its own reason', () =>
  against(['silent', [503, '', { 'Retry-After': '30' }]], async ({ cagnotte, asked }) => {
    for (const milliseconds of [50, 50]) {
      const stop = new AbortController();
      setTimeout(() => stop.abort(new Error('enough')), milliseconds);
      await assert.rejects(cagnotte.members.get('mem_1', {}, { signal: stop.signal }), { message: 'enough' });
    }
    assert.equal(asked.length, 2);
    await assert.rejects(cagnotte.members.get('m', {}, { signal: AbortSignal.abort(new Error('before')) }), {
      message: 'before',
    });
    assert.equal(asked.length, 2);
  }));

test('a list is its first page when awaited, and all items when iterated', () => {
  const pages = () => [
    [200, { data: [1, 2], has_more: true, next_cursor: 'c1' }],
    [200, { data: [3, 4], has_more: true, next_cursor: 'c2' }],
    [200, { data: [5], has_more: false, next_cursor: null }],
  ];
  return against([pages()[0], ...pages(), ...pages()], async ({ cagnotte, asked }) => {
    assert.deepEqual((await cagnotte.offers.list({ limit: 2 })).data, [1, 2]);
    const found = [];
    for await (const item of cagnotte.offers.list({ limit: 2 })) {
      found.push(item);
    }
    assert.deepEqual(found, [1, 2, 3, 4, 5]);
    assert.equal(asked[3].url, '/v1/offers?limit=2&cursor=c2');
    assert.deepEqual(await cagnotte.offers.list().toArray(3), [1, 2, 3]);
    assert.equal(asked.length, 6);
  });
});

test('what changes something sends its body, also when it answers with a list', () =>
  against([[201, { data: [1], has_more: false }], [204, '']], async ({ cagnotte, asked }) => {
    const told = await cagnotte.members.createConsent('mem_1', { purpose: 'crm' });
    assert.deepEqual([told.data, asked[0].url, asked[0].body], [[1], '/v1/members/mem_1/consents', '{"purpose":"crm"}']);
    assert.equal(await cagnotte.webhookEndpoints.delete('whk_1'), undefined);
    assert.deepEqual([asked[1].method, asked[1].url], ['DELETE', '/v1/webhook_endpoints/whk_1']);
  }));

test('what did not change is null, and what was answered knows its headers', () =>
  against(
    [
      [200, { id: 'mem_1' }, { ETag: '"1"', 'Idempotent-Replayed': 'true' }],
      [304, ''],
    ],
    async ({ cagnotte, asked }) => {
      const member = await cagnotte.members.get('mem_1');
      const { etag, requestId, replayed, status } = responseOf(member);
      assert.deepEqual([etag, requestId, replayed, status], ['"1"', 'req_1', true, 200]);
      assert.equal(await cagnotte.members.get('mem_1', {}, { ifNoneMatch: etag }), null);
      assert.equal(asked[1].headers['if-none-match'], '"1"');
      assert.equal(responseOf({}), undefined);
    },
  ));

test('a page that is none of Cagnotte’s is said to be that, and a key follows no redirect', () =>
  against([[200, '<html>'], [302, '', { Location: '/elsewhere' }]], async ({ cagnotte, asked }) => {
    for (const status of [200, 302]) {
      await assert.rejects(cagnotte.programme.get(), { status, code: 'no_problem', message: /none of Cagnotte’s/ });
    }
    assert.equal(asked.length, 2);
  }));

test('an address or a key that cannot be right is refused at once, and a key is never shown', () => {
  const good = { address: 'https://cagnotte.example', key: 'cag_live_sk_secret' };
  for (const wrong of [{ address: '' }, { address: 'cagnotte.example' }, { key: undefined }, { key: 'sk_live_1' }]) {
    assert.throws(() => new Cagnotte({ ...good, ...wrong }), TypeError);
  }
  const cagnotte = new Cagnotte(good);
  assert.ok(!(inspect(cagnotte, { depth: 9, showHidden: true }) + JSON.stringify(cagnotte)).includes('secret'));
  globalThis.document = {};
  try {
    assert.throws(() => new Cagnotte(good), /away from browsers/);
  } finally {
    delete globalThis.document;
  }
});
