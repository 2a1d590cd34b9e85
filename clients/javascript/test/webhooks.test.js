import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { signWebhook, verifyWebhook, WebhookError } from '../src/index.js';

const NOW = 1_790_000_000_000;
const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, exact').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another key, as long as the first').toString('base64')}`;
const BODY = '{"type":"reward.confirmed","timestamp":"2026-09-21T13:46:40Z","data":{"id":"rew_1","name":"Zoé"}}';

const sign = (secret, body = BODY, now = NOW) => signWebhook(body, { id: 'evt_1', secret, now });
const reason = async (promise) => {
  const error = await promise.then(() => undefined, (caught) => caught);
  assert.ok(error instanceof WebhookError, String(error));
  return error.reason;
};

test('a signature is HMAC-SHA256 over id, time and body', async () => {
  const headers = await sign(SECRET);
  const signed = createHmac('sha256', 'a key of thirty-two bytes, exact').update(`evt_1.1790000000.${BODY}`);
  assert.deepEqual(headers, {
    'webhook-id': 'evt_1',
    'webhook-timestamp': '1790000000',
    'webhook-signature': `v1,${signed.digest('base64')}`,
  });
});

test('a signed message is its event, whatever holds its headers and its body', async () => {
  const headers = await sign(SECRET);
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
  for (const given of [headers, new Headers(headers), upper]) {
    assert.equal((await verifyWebhook(BODY, given, SECRET, { now: NOW })).data.name, 'Zoé');
    assert.equal((await verifyWebhook(Buffer.from(BODY), given, SECRET, { now: NOW })).type, 'reward.confirmed');
  }
});

test('while a secret is replaced, either signs', async () => {
  for (const secret of [SECRET, OTHER]) {
    await verifyWebhook(BODY, await sign(secret), [OTHER, SECRET], { now: NOW });
  }
  const both = await sign(SECRET);
  both['webhook-signature'] = `v1a,AAAA v1,AAAA ${both['webhook-signature']}`;
  await verifyWebhook(BODY, both, SECRET, { now: NOW });
});

test('what was changed, or signed by somebody else, is refused', async () => {
  const headers = await sign(SECRET);
  assert.equal(await reason(verifyWebhook(`${BODY} `, headers, SECRET, { now: NOW })), 'signature_wrong');
  assert.equal(await reason(verifyWebhook(BODY, headers, OTHER, { now: NOW })), 'signature_wrong');
  const renamed = { ...headers, 'webhook-id': 'evt_2' };
  assert.equal(await reason(verifyWebhook(BODY, renamed, SECRET, { now: NOW })), 'signature_wrong');
  for (const signature of ['v1,', 'v1', 'v2,AAAA', headers['webhook-signature'].slice(0, -4)]) {
    const wrong = { ...headers, 'webhook-signature': signature };
    assert.equal(await reason(verifyWebhook(BODY, wrong, SECRET, { now: NOW })), 'signature_wrong');
  }
});

test('what is too old or too new is refused', async () => {
  const headers = await sign(SECRET);
  await verifyWebhook(BODY, headers, SECRET, { now: NOW + 300_000 });
  await verifyWebhook(BODY, headers, SECRET, { now: NOW - 300_000 });
  assert.equal(await reason(verifyWebhook(BODY, headers, SECRET, { now: NOW + 302_000 })), 'too_old');
  assert.equal(await reason(verifyWebhook(BODY, headers, SECRET, { now: NOW - 302_000 })), 'too_new');
  await verifyWebhook(BODY, headers, SECRET, { now: NOW + 3_000_000, toleranceSeconds: 3600 });
});

test('a header that is missing is named', async () => {
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
    const headers = { ...(await sign(SECRET)), [name]: undefined };
    assert.equal(await reason(verifyWebhook(BODY, headers, SECRET, { now: NOW })), 'header_missing');
  }
  const headers = { ...(await sign(SECRET)), 'webhook-timestamp': 'soon' };
  assert.equal(await reason(verifyWebhook(BODY, headers, SECRET, { now: NOW })), 'header_missing');
});

test('a signed message that is no JSON is said to be that', async () => {
  assert.equal(await reason(verifyWebhook('hm', await sign(SECRET, 'hm'), SECRET, { now: NOW })), 'not_json');
});

test('mistakes of the caller are no bad messages', async () => {
  const headers = await sign(SECRET);
  await assert.rejects(verifyWebhook(JSON.parse(BODY), headers, SECRET, { now: NOW }), /as it came/);
  for (const secrets of [[], '', 'whsec_', undefined]) {
    await assert.rejects(verifyWebhook(BODY, headers, secrets, { now: NOW }), TypeError);
  }
});
