/**
 * The client against a real Cagnotte: CAGNOTTE_URL and CAGNOTTE_KEY name it, a sandbox whose shop “corner” gives 5 % and
 * whose member 1 has 50.00 to spend. Tests follow each other: each says what the one before left.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, Cagnotte, responseOf } from '../../src/index.js';

const address = process.env.CAGNOTTE_URL;
const cagnotte = new Cagnotte({ address, key: process.env.CAGNOTTE_KEY, firstPauseSeconds: 0.1 });
const cents = (amount_minor) => ({ amount_minor, currency: 'EUR' });

async function purse(ref = '1') {
  const [member] = (await cagnotte.members.list({ ref })).data;
  const { available, held, pending, confirmed } = await cagnotte.cagnottes.get(member.cagnotte_id);
  return [available, held, pending, confirmed].map((amount) => amount.amount_minor);
}

test('a basket is quoted, in the language asked for', async () => {
  const basket = { merchant: 'corner', currency: 'EUR', lines: [{ sku: 'plum', quantity: 1, amount_minor: 2000 }] };
  const quote = await cagnotte.quotes.create(basket, { language: 'fr' });
  assert.deepEqual(quote.reward, cents(100));
  assert.equal(quote.language, 'fr');
});

test('an order earns, is told once however often it is sent, and gives back what returns', async () => {
  const member = await cagnotte.members.create({ ref: 'js-1', name: 'Zoé', email: 'zoe@example.org' });
  const order = {
    merchant: 'corner',
    member_ref: 'js-1',
    order_ref: 'JS-1',
    currency: 'EUR',
    occurred_at: '2026-03-01T12:00:00+01:00',
    lines: [{ sku: 'plum', quantity: 2, amount_minor: 4000, category: 'jam' }],
  };
  const first = await cagnotte.purchases.create(order, { idempotencyKey: 'js-order' });
  const again = await cagnotte.purchases.create(order, { idempotencyKey: 'js-order' });
  assert.equal(again.id, first.id);
  assert.deepEqual([responseOf(first).replayed, responseOf(again).replayed], [false, true]);
  assert.deepEqual(await purse('js-1'), [0, 0, 200, 0]);

  await cagnotte.purchases.confirm(first.id);
  await cagnotte.purchases.return(first.id, { lines: [{ number: 1, quantity: 1, amount_minor: 2000 }] });
  assert.deepEqual(await purse('js-1'), [0, 0, 0, 100]);
  const rewards = await cagnotte.rewards.list({ member_id: member.id }).toArray(10);
  assert.deepEqual(rewards.map((reward) => [reward.order_ref, reward.amount]), [['JS-1', cents(100)]]);
});

test('an order is paid with the cagnotte: held, captured in part, given back once', async () => {
  const hold = await cagnotte.holds.create({
    member: '1',
    merchant: 'corner',
    order_ref: 'JS-2',
    amount: cents(2000),
    order_total: cents(5000),
  });
  assert.deepEqual((await purse()).slice(0, 2), [3000, 2000]);
  const captured = await cagnotte.holds.capture(hold.id, { amount: cents(1500) });
  assert.deepEqual([captured.state, captured.captured], ['captured', cents(1500)]);
  assert.deepEqual((await purse()).slice(0, 2), [3500, 0]);
  for (let times = 0; times < 2; times += 1) {
    await cagnotte.holds.refund(hold.id, { refund_ref: 'R-1', amount: cents(600) });
  }
  assert.deepEqual((await purse()).slice(0, 2), [4100, 0]);
  assert.equal((await cagnotte.holds.listRefunds(hold.id)).data.length, 1);
});

test('the same hold asked for four times at once is one hold', async () => {
  const ask = { member: '1', merchant: 'corner', order_ref: 'JS-3', amount: cents(1000) };
  const asked = Array.from({ length: 4 }, () => cagnotte.holds.create(ask, { idempotencyKey: 'js-hold' }));
  const ids = new Set((await Promise.all(asked)).map((hold) => hold.id));
  assert.equal(ids.size, 1);
  assert.deepEqual((await purse()).slice(0, 2), [3100, 1000]);
  await cagnotte.holds.release([...ids][0]);
  assert.deepEqual((await purse()).slice(0, 2), [4100, 0]);
});

test('more than is there is refused, and nothing moves', async () => {
  const ask = { member: '1', merchant: 'corner', order_ref: 'JS-4', amount: cents(5000) };
  await assert.rejects(cagnotte.holds.create(ask), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code], [409, 'insufficient_funds']);
    assert.match(error.requestId, /^req_/);
    return true;
  });
  assert.deepEqual((await purse()).slice(0, 2), [4100, 0]);
});

test('a fault says where it is', async () => {
  await assert.rejects(cagnotte.members.create({ ref: 'js-2', email: 'nobody' }), {
    status: 422,
    pointer: '#/email',
  });
  await assert.rejects(cagnotte.members.get('mem_nobody'), { status: 404, code: 'not_found' });
});

test('pages are gone through to the last item, each once', async () => {
  for (let number = 10; number < 22; number += 1) {
    await cagnotte.members.create({ ref: `page-${number}` });
  }
  const refs = [];
  let pages = 0;
  for await (const page of cagnotte.members.list({ limit: 5 }).pages()) {
    pages += 1;
    refs.push(...page.data.map((member) => member.ref));
  }
  const every = ['1', '2', '3', 'js-1', ...Array.from({ length: 12 }, (_, at) => `page-${at + 10}`)];
  assert.deepEqual(refs.sort(), every.sort());
  assert.equal(pages, Math.ceil(every.length / 5));
});

test('what somebody else changed is not overwritten', async () => {
  const [{ id }] = (await cagnotte.members.list({ ref: '2' })).data;
  const { etag } = responseOf(await cagnotte.members.get(id));
  assert.equal(await cagnotte.members.get(id, {}, { ifNoneMatch: etag }), null);
  await cagnotte.members.update(id, { name: 'Robert' }, { ifMatch: etag });
  await assert.rejects(cagnotte.members.update(id, { name: 'Bobby' }, { ifMatch: etag }), {
    status: 412,
    code: 'precondition_failed',
  });
  assert.equal((await cagnotte.members.get(id)).name, 'Robert');
});

test('a key that opens nothing is refused', async () => {
  const stranger = new Cagnotte({ address, key: 'cag_test_sk_nobody' });
  await assert.rejects(stranger.programme.get(), { status: 401 });
});
