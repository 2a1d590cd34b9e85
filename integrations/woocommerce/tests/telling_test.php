<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\WooCommerce\Clicks;
use Cagnotte\WooCommerce\OrderContent;
use Cagnotte\WooCommerce\Teller;
use Shop;

function an_order_is_told_with_its_lines_before_and_after_discounts(): void
{
    $told = OrderContent::order(an_order(), false);
    same('W-14', $told['number']);
    same('2026-11-18T18:21:20', $told['date_created_gmt']);
    same('2026-11-20T07:00:00', $told['date_modified_gmt']);
    same(['5.00', '1.00'], [$told['shipping_total'], $told['shipping_tax']]);
    same([
        'id' => 4, 'product_id' => 10, 'sku' => 'MUG1', 'quantity' => 2,
        'subtotal' => '40.00', 'subtotal_tax' => '8.00', 'total' => '36.00', 'total_tax' => '7.20',
    ], $told['line_items'][0]);
    same(['', '8.33', '1.67'], [
        $told['line_items'][1]['sku'], $told['line_items'][1]['total'], $told['line_items'][1]['total_tax'],
    ]);
    same([['total' => '0.17', 'total_tax' => '0.03']], $told['fee_lines']);
    same([['code' => 'dix']], $told['coupon_lines']);
}

function of_the_customer_only_country_and_traces_are_told(): void
{
    $told = OrderContent::order(an_order(), false);
    same(['country' => 'FR', 'email' => ''], $told['billing']);
    same([
        ['key' => 'cagnotte_click', 'value' => 'k7m2p9q4'],
        ['key' => 'cagnotte_member', 'value' => 'H1'],
    ], $told['meta_data']);
    same('ana@example.org', OrderContent::order(an_order(), true)['billing']['email']);
}

function refunds_are_told_below_zero_with_the_lines_they_are_of(): void
{
    $order = an_order(['refunds' => the_refunds()]);
    same(
        [['id' => 15, 'total' => '-22.80'], ['id' => 17, 'total' => '-2.00']],
        OrderContent::order($order, false)['refunds']
    );
    $told = OrderContent::refunds($order);
    same([
        'id' => 60, 'quantity' => -1, 'total' => '-18.00', 'total_tax' => '-3.60',
        'meta_data' => [['key' => '_refunded_item_id', 'value' => '4']],
    ], $told[0]['line_items'][0]);
    same([['total' => '-1.00', 'total_tax' => '-0.20']], $told[0]['shipping_lines']);
    same([], $told[1]['line_items']);
}

function an_order_that_changes_often_in_a_request_is_queued_once(): void
{
    Teller::register();
    Shop::run('woocommerce_new_order', 14, 'more');
    Shop::run('woocommerce_update_order', 14);
    Shop::run('woocommerce_refund_deleted', 15, 14);
    same([], Shop::$queue);
    Shop::run('shutdown');
    Shop::run('shutdown');
    same([[0, 'cagnotte_tell', [14, 'order.updated', 0]]], Shop::$queue);
    same([], Shop::$requests);
}

function a_shop_without_address_or_secret_queues_nothing(): void
{
    Teller::register();
    Shop::$options['woocommerce_cagnotte_settings']['webhook_secret'] = ' ';
    Shop::run('woocommerce_update_order', 14);
    Shop::run('shutdown');
    same([], Shop::$queue);
}

function messages_are_signed_over_their_bytes(): void
{
    an_order();
    Shop::$server = fn () => [200, ''];
    Teller::tell(14, 'order.updated');
    same(1, count(Shop::$requests));
    $sent = Shop::$requests[0];
    same('https://cagnotte.example/in/abc', $sent['url']);
    same('order.updated', $sent['headers']['X-WC-Webhook-Topic']);
    same(
        base64_encode(hash_hmac('sha256', $sent['body'], SECRET, true)),
        $sent['headers']['X-WC-Webhook-Signature']
    );
    same([], Shop::$queue);
}

function a_message_has_the_same_id_in_each_try_and_another_after_a_change(): void
{
    $id = fn () => Teller::messages(14, 'order.updated')[0]['headers']['X-WC-Webhook-Delivery-ID'];
    an_order();
    $first = $id();
    same($first, $id());
    an_order(['status' => 'cancelled']);
    same(false, $first === $id());
}

function refunds_go_before_their_order(): void
{
    an_order(['refunds' => the_refunds()]);
    same(['refunds/14', 'order.updated'], array_column(Teller::messages(14, 'order.updated'), 'topic'));
}

function what_is_not_taken_is_told_again_with_longer_pauses_and_then_shown(): void
{
    an_order();
    foreach ([0 => 60, 1 => 300, 7 => 172800] as $tries => $pause) {
        Shop::$queue = [];
        Teller::tell(14, 'order.updated', $tries);
        same([[$pause, 'cagnotte_tell', [14, 'order.updated', $tries + 1]]], Shop::$queue);
    }
    Shop::$queue = [];
    Shop::$server = fn () => [503, ''];
    Teller::tell(14, 'order.updated', 8);
    same([], Shop::$queue);
    same([14], Shop::$options['cagnotte_untold_orders']);
    Shop::$server = fn () => [200, ''];
    Teller::tell(14, 'order.updated');
    same([], Shop::$options['cagnotte_untold_orders']);
}

function a_refund_that_is_not_taken_keeps_its_order_waiting(): void
{
    an_order(['refunds' => the_refunds()]);
    Teller::tell(14, 'order.updated');
    same(['refunds/14'], array_map(fn ($one) => $one['headers']['X-WC-Webhook-Topic'], Shop::$requests));
    same(1, count(Shop::$queue));
}

function a_deleted_order_is_told_by_its_number_alone(): void
{
    Teller::register();
    Shop::run('woocommerce_update_order', 14);
    Shop::run('woocommerce_delete_order', 14);
    Shop::run('shutdown');
    same([[0, 'cagnotte_tell', [14, 'order.deleted', 0]]], Shop::$queue);
    same('{"id":14}', Teller::messages(14, 'order.deleted')[0]['body']);
}

function an_order_that_is_gone_when_its_turn_comes_is_no_error(): void
{
    Teller::tell(99, 'order.updated');
    same([[], []], [Shop::$requests, Shop::$queue]);
}

function click_and_member_are_written_into_the_order(): void
{
    Clicks::register();
    $_COOKIE['cagnotte_click'] = 'abc-DEF_9';
    Shop::$users[7]['cagnotte_member'] = 'H7';
    $order = an_order(['meta' => [], 'customer_id' => 7]);
    Shop::run('woocommerce_checkout_create_order', $order, []);
    same(['abc-DEF_9', 'H7'], [$order->get_meta('cagnotte_click'), $order->get_meta('cagnotte_member')]);
}

function what_is_no_click_is_not_written(): void
{
    foreach (['', '<b>', 'a b', "abc\n", str_repeat('a', 201), ['x']] as $typed) {
        $_COOKIE['cagnotte_click'] = $typed;
        $order = an_order(['meta' => [], 'customer_id' => 0]);
        Clicks::write($order);
        same('', $order->get_meta('cagnotte_click'));
    }
}

function the_cookie_is_the_shops_own(): void
{
    same(
        ['expires' => 1000 + 30 * 86400, 'path' => '/', 'secure' => true, 'httponly' => true, 'samesite' => 'Lax'],
        \Cagnotte\Shop\Clicks::cookie(1000, 30, true)
    );
}
