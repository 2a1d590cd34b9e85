/** @cagnotte/client: the REST interface of Cagnotte, for servers. */

export { Cagnotte } from './client.js';
export { ApiError, CagnotteError, ConnectionError } from './errors.js';
export { Listing } from './listing.js';
export { responseOf } from './transport.js';
export { signWebhook, verifyWebhook, WebhookError } from './webhooks.js';
