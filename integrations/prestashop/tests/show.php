<?php
/** Prints, as JSON, what the module sends of one order with a credit slip, and of one checkout that is undone. */

declare(strict_types=1);

require __DIR__ . '/stubs.php';
require __DIR__ . '/../../php/tests/fake_cagnotte.php';
require __DIR__ . '/../cagnotte/cagnotte.php';
require __DIR__ . '/orders.php';

Shop::open(SETTINGS);
$_COOKIE['cagnotte_click'] = 'k7m2-p9_q4';
checkout();
choose('12,50');
$order = an_order(['note' => 'Ring twice.']);
CartRule::$all[71] = (object) ['id' => 71, 'code' => 'ANA-5'];
used(14, 71, '6.000000');
used(14, Context::getContext()->cart->rules[0], '12.500000');
$order->total_discounts_tax_incl = 18.5;
(new Cagnotte())->hookActionValidateOrder(['order' => $order]);
Cagnotte\PrestaShop\Due::afterwards();
the_slip();
$messages = Cagnotte\PrestaShop\Teller::messages(new Order(14), 1790000000);
enter(14, 6);
$calls = array_values(array_filter(Shop::$requests, fn (array $asked) => str_contains($asked[1], '/v1/')));
echo json_encode([
    'secret' => SECRET,
    'at' => 1790000000,
    'messages' => $messages,
    'calls' => array_map(fn (array $asked) => [
        'method' => $asked[0],
        'path' => substr($asked[1], strlen('https://cagnotte.example')),
        'body' => $asked[3],
        'token' => $asked[2]['Idempotency-Key'] ?? '',
    ], $calls),
], JSON_THROW_ON_ERROR);
