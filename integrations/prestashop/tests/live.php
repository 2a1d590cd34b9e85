<?php
/** A member pays an order with the cagnotte of a real Cagnotte, and the order is cancelled. */

declare(strict_types=1);

require __DIR__ . '/../../php/tests/live.php';
require __DIR__ . '/stubs.php';
require __DIR__ . '/../cagnotte/cagnotte.php';
require __DIR__ . '/orders.php';

date_default_timezone_set('Europe/Paris');
Shop::open([
    'INBOX_URL' => getenv('CAGNOTTE_INBOX'), 'API_URL' => getenv('CAGNOTTE_URL'), 'API_KEY' => getenv('CAGNOTTE_KEY'),
    'MERCHANT' => 'corner',
] + SETTINGS);
Shop::$server = sent_for_real(...);
Cagnotte\PrestaShop\Store::keepMember(7, '1');
Context::getContext()->customer = new Customer(7);
Context::getContext()->cart = new Cart(33, 7, 60.0);

echo choose('12,50');
step('held');
$order = an_order(['note' => '', 'date_add' => date('Y-m-d H:i:s'), 'date_upd' => date('Y-m-d H:i:s')]);
used(14, Context::getContext()->cart->rules[0], '12.500000');
$order->total_discounts_tax_incl = 12.5;
$order->save();
(new Cagnotte())->hookActionValidateOrder(['order' => $order]);
Cagnotte\PrestaShop\Due::afterwards();
step('ordered');
$order = new Order(14);
$order->date_upd = date('Y-m-d H:i:s', time() + 1);
$order->save();
enter(14, 6);
enter(14, 6);
step('cancelled');
