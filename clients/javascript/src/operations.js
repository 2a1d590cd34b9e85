/** What each method asks. Written by generate.mjs from the description of the interface (openapi.json); not by hand. */

export const OPERATIONS = {
  programme: {
    get: { method: 'GET', path: '/v1/programme' },
  },
  merchants: {
    list: { method: 'GET', path: '/v1/merchants', query: true, list: true },
    get: { method: 'GET', path: '/v1/merchants/{merchant_id}' },
  },
  brands: {
    list: { method: 'GET', path: '/v1/brands', query: true, list: true },
    get: { method: 'GET', path: '/v1/brands/{brand_id}' },
  },
  contracts: {
    list: { method: 'GET', path: '/v1/contracts', query: true, list: true },
    get: { method: 'GET', path: '/v1/contracts/{contract_id}' },
  },
  offers: {
    list: { method: 'GET', path: '/v1/offers', query: true, list: true },
    get: { method: 'GET', path: '/v1/offers/{offer_id}' },
  },
  members: {
    create: { method: 'POST', path: '/v1/members', body: true, key: true },
    list: { method: 'GET', path: '/v1/members', query: true, list: true },
    get: { method: 'GET', path: '/v1/members/{member_id}', query: true },
    update: { method: 'PATCH', path: '/v1/members/{member_id}', body: true, key: true },
    close: { method: 'POST', path: '/v1/members/{member_id}/close', key: true },
    createToken: { method: 'POST', path: '/v1/members/{member_id}/tokens', key: true },
    listConsents: { method: 'GET', path: '/v1/members/{member_id}/consents', list: true },
    createConsent: { method: 'POST', path: '/v1/members/{member_id}/consents', body: true, key: true },
  },
  cagnottes: {
    get: { method: 'GET', path: '/v1/cagnottes/{cagnotte_id}', query: true },
    listMovements: { method: 'GET', path: '/v1/cagnottes/{cagnotte_id}/movements', query: true, list: true },
    listLots: { method: 'GET', path: '/v1/cagnottes/{cagnotte_id}/lots', list: true },
    getPayoutMethod: { method: 'GET', path: '/v1/cagnottes/{cagnotte_id}/payout_method' },
    setPayoutMethod: { method: 'PUT', path: '/v1/cagnottes/{cagnotte_id}/payout_method', body: true, key: true },
  },
  me: {
    getCagnotte: { method: 'GET', path: '/v1/me/cagnotte' },
    getReward: { method: 'GET', path: '/v1/me/rewards/{reward_id}' },
  },
  holds: {
    create: { method: 'POST', path: '/v1/holds', body: true, key: true },
    list: { method: 'GET', path: '/v1/holds', query: true, list: true },
    get: { method: 'GET', path: '/v1/holds/{hold_id}' },
    capture: { method: 'POST', path: '/v1/holds/{hold_id}/capture', body: true, key: true },
    release: { method: 'POST', path: '/v1/holds/{hold_id}/release', key: true },
    refund: { method: 'POST', path: '/v1/holds/{hold_id}/refunds', body: true, key: true },
    listRefunds: { method: 'GET', path: '/v1/holds/{hold_id}/refunds', list: true },
  },
  vouchers: {
    create: { method: 'POST', path: '/v1/vouchers', body: true, key: true },
    list: { method: 'GET', path: '/v1/vouchers', query: true, list: true },
    check: { method: 'POST', path: '/v1/vouchers/check', body: true },
    redeem: { method: 'POST', path: '/v1/vouchers/redeem', body: true, key: true },
    tellOfflineUses: { method: 'POST', path: '/v1/vouchers/offline', body: true, key: true },
    get: { method: 'GET', path: '/v1/vouchers/{voucher_id}' },
    showCode: { method: 'POST', path: '/v1/vouchers/{voucher_id}/code' },
    listUses: { method: 'GET', path: '/v1/vouchers/{voucher_id}/uses', list: true },
    void: { method: 'POST', path: '/v1/vouchers/{voucher_id}/void', key: true },
  },
  voucherUses: {
    refund: { method: 'POST', path: '/v1/voucher_uses/{use_id}/refunds', body: true, key: true },
  },
  voucherKeys: {
    list: { method: 'GET', path: '/v1/voucher_keys', list: true },
  },
  payouts: {
    create: { method: 'POST', path: '/v1/payouts', body: true, key: true },
    list: { method: 'GET', path: '/v1/payouts', query: true, list: true },
    get: { method: 'GET', path: '/v1/payouts/{payout_id}' },
    cancel: { method: 'POST', path: '/v1/payouts/{payout_id}/cancel', body: true, key: true },
  },
  quotes: {
    create: { method: 'POST', path: '/v1/quotes', body: true },
  },
  purchases: {
    create: { method: 'POST', path: '/v1/purchases', body: true, key: true },
    list: { method: 'GET', path: '/v1/purchases', query: true, list: true },
    createMany: { method: 'POST', path: '/v1/purchases/batch', body: true, key: true },
    restate: { method: 'POST', path: '/v1/purchases/{purchase_id}/restate', body: true, key: true },
    get: { method: 'GET', path: '/v1/purchases/{purchase_id}' },
    confirm: { method: 'POST', path: '/v1/purchases/{purchase_id}/confirm', key: true },
    decline: { method: 'POST', path: '/v1/purchases/{purchase_id}/decline', body: true, key: true },
    cancel: { method: 'POST', path: '/v1/purchases/{purchase_id}/cancel', key: true },
    return: { method: 'POST', path: '/v1/purchases/{purchase_id}/returns', body: true, key: true },
  },
  rewards: {
    list: { method: 'GET', path: '/v1/rewards', query: true, list: true },
    get: { method: 'GET', path: '/v1/rewards/{reward_id}', query: true },
  },
  events: {
    list: { method: 'GET', path: '/v1/events', query: true, list: true },
    get: { method: 'GET', path: '/v1/events/{event_id}' },
  },
  webhookEndpoints: {
    create: { method: 'POST', path: '/v1/webhook_endpoints', body: true, key: true },
    list: { method: 'GET', path: '/v1/webhook_endpoints', list: true },
    get: { method: 'GET', path: '/v1/webhook_endpoints/{webhook_endpoint_id}' },
    update: { method: 'PATCH', path: '/v1/webhook_endpoints/{webhook_endpoint_id}', body: true, key: true },
    delete: { method: 'DELETE', path: '/v1/webhook_endpoints/{webhook_endpoint_id}', key: true },
    rotateWebhookSecret: { method: 'POST', path: '/v1/webhook_endpoints/{webhook_endpoint_id}/rotate_secret', body: true, key: true },
    sendTestEvent: { method: 'POST', path: '/v1/webhook_endpoints/{webhook_endpoint_id}/test', key: true },
    listDeliveries: { method: 'GET', path: '/v1/webhook_endpoints/{webhook_endpoint_id}/deliveries', query: true, list: true },
    replayDelivery: { method: 'POST', path: '/v1/webhook_endpoints/{webhook_endpoint_id}/deliveries/{event_id}/replay', key: true },
    replaySince: { method: 'POST', path: '/v1/webhook_endpoints/{webhook_endpoint_id}/replay', body: true, key: true },
  },
};
