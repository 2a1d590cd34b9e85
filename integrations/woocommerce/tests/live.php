<?php
/** A member pays an order with the cagnotte of a real Cagnotte, and the order is cancelled. */

declare(strict_types=1);

use Cagnotte\WooCommerce\Teller;

require __DIR__ . '/../../php/tests/live.php';
require __DIR__ . '/stubs.php';
require __DIR__ . '/../../php/tests/fake_cagnotte.php';
require __DIR__ . '/orders.php';
require __DIR__ . '/checkout.php';
require __DIR__ . '/../cagnotte/cagnotte.php';

Shop::open([
    'inbox_url' => getenv('CAGNOTTE_INBOX'), 'api_url' => getenv('CAGNOTTE_URL'), 'api_key' => getenv('CAGNOTTE_KEY'),
    'merchant' => 'corner',
] + SETTINGS);
checkout();
Shop::$server = fn (array $asked) => sent_for_real($asked['method'], $asked['url'], $asked['headers'], $asked['body']);
Shop::$users[7]['cagnotte_member'] = '1';

/** Let the order be changed later than before, and tell it. */
function told_later(WC_Order $order, string $status, int $hours): void
{
    $order->update_status($status);
    $order->update_modified(new DateTimeImmutable("2026-11-20T08:00:00+01:00 +$hours hours"));
    Teller::tell(14, 'order.updated');
}

$order = place('12,50');
$order->update_meta_data('cagnotte_member', '1');
step('held');
told_later($order, 'processing', 1);
step('ordered');
told_later($order, 'cancelled', 2);
told_later($order, 'refunded', 3);
step('cancelled');
