<?php
/** Prints the note of an order that the module has written. */

declare(strict_types=1);

require __DIR__ . '/stubs.php';
require __DIR__ . '/../cagnotte/cagnotte.php';

$_COOKIE['cagnotte_click'] = 'k7m2-p9_q4';
$order = new Order('Ring twice.');
(new Cagnotte())->hookActionValidateOrder(['order' => $order]);
echo $order->note;
