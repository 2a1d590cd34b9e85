<?php
/** A checkout as the tests of spending drive it. */

declare(strict_types=1);

use Cagnotte\WooCommerce\Checkout;

/** A member with 20.00 at the checkout of a shop; what Cagnotte answers. */
function checkout(): FakeCagnotte
{
    $cagnotte = new FakeCagnotte();
    Shop::$server = fn (array $request) => $cagnotte->answer(
        $request['method'],
        $request['url'],
        $request['headers'],
        $request['body']
    );
    Shop::$user = 7;
    Shop::$users[7]['cagnotte_member'] = 'H1';
    Checkout::register();
    Checkout::registerSettling();
    return $cagnotte;
}

/** Type an amount, see the total, and place an order of 50.00; returns it. */
function place(string $typed, string $status = 'pending', int $id = 14): WC_Order
{
    Shop::run('woocommerce_checkout_update_order_review', 'cagnotte_amount=' . urlencode($typed));
    $total = apply_filters('woocommerce_calculated_total', 50.0, null);
    ob_start();
    Shop::run('woocommerce_review_order_before_order_total');
    ob_end_clean();
    $order = an_order(['id' => $id, 'status' => $status, 'total' => (string) $total, 'customer_id' => 7, 'meta' => []]);
    Shop::run('woocommerce_checkout_order_processed', $id, [], $order);
    return $order;
}

function state(WC_Order $order): string
{
    return $order->get_meta(Checkout::NOTE)['state'];
}
