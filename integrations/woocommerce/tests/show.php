<?php
/** Prints, as JSON, what the plugin sends of one order with refunds and of one checkout that is undone. */

declare(strict_types=1);

require __DIR__ . '/stubs.php';
require __DIR__ . '/../../php/tests/fake_cagnotte.php';
require __DIR__ . '/orders.php';
require __DIR__ . '/checkout.php';
require __DIR__ . '/../cagnotte/cagnotte.php';

Shop::open(SETTINGS);
an_order(['refunds' => the_refunds()]);
$messages = Cagnotte\WooCommerce\Teller::messages(14, 'order.updated');

checkout();
$order = place('12,50');
$told = fn () => Cagnotte\WooCommerce\Teller::messages(14, 'order.updated');
$held = $told();
$order->update_status('processing');
$taken = $told();
$order->update_status('cancelled');
$putBack = $told();
$calls = array_map(fn (array $request) => [
    'method' => $request['method'],
    'path' => substr($request['url'], strlen('https://cagnotte.example')),
    'body' => $request['body'],
    'token' => $request['headers']['Idempotency-Key'] ?? '',
], Shop::$requests);
echo json_encode([
    'secret' => SECRET, 'messages' => $messages, 'held' => $held, 'taken' => $taken, 'put_back' => $putBack,
    'calls' => $calls,
], JSON_THROW_ON_ERROR);
