<?php
/** An order with a coupon, tax, delivery, a fee and two refunds, as the tests know it. */

declare(strict_types=1);

const SECRET = 'a-long-random-text-of-two';
const SETTINGS = [
    'inbox_url' => 'https://cagnotte.example/in/abc',
    'webhook_secret' => SECRET,
    'api_url' => 'https://cagnotte.example/',
    'api_key' => 'cag_test_sk_1',
    'merchant' => 'maison-verte',
    'spending' => 'yes',
    'badge' => 'yes',
    'publishable_key' => 'cag_test_pk_1',
];

function an_order(array $changes = []): WC_Order
{
    $order = new WC_Order($changes + [
        'id' => 14,
        'number' => 'W-14',
        'status' => 'completed',
        'currency' => 'EUR',
        'created' => new DateTimeImmutable('2026-11-18T19:21:20+01:00'),
        'modified' => new DateTimeImmutable('2026-11-20T08:00:00+01:00'),
        'shipping_total' => '5',
        'shipping_tax' => '1',
        'total' => '59.40',
        'billing_country' => 'FR',
        'billing_email' => 'ana@example.org',
        'coupons' => ['dix'],
        'meta' => ['cagnotte_click' => 'k7m2p9q4', 'cagnotte_member' => 'H1', 'other' => 'private'],
        'line_item' => [
            new WC_Order_Item_Product([
                'id' => 4, 'product_id' => 10, 'sku' => 'MUG1', 'quantity' => 2,
                'subtotal' => '40', 'subtotal_tax' => '8', 'total' => '36', 'total_tax' => 7.2,
            ]),
            new WC_Order_Item_Product([
                'id' => 5, 'product_id' => 11, 'quantity' => 1,
                'subtotal' => '8.333333', 'subtotal_tax' => '1.666667', 'total' => '8.333333', 'total_tax' => '1.666667',
            ]),
        ],
        'fee' => [new Item(['total' => '0.17', 'total_tax' => '0.03'])],
    ]);
    $order->save();
    return $order;
}

/** One of the two mugs came back, with its share of the coupon; later two euros as a gesture. */
function the_refunds(): array
{
    $mug = new Item([
        'id' => 60, 'quantity' => -1, 'total' => '-18', 'total_tax' => '-3.6', 'meta' => ['_refunded_item_id' => 4],
    ]);
    $delivery = new Item(['total' => '-1', 'total_tax' => '-0.2']);
    return [
        new Refund(['id' => 15, 'amount' => '22.80', 'line_item' => [$mug], 'shipping' => [$delivery]]),
        new Refund(['id' => 17, 'amount' => '2.00']),
    ];
}
