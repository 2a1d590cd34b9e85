<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\WooCommerce\Checkout;
use Shop;
use WP_Error;

function an_order_is_held_then_captured_when_it_is_accepted(): void
{
    $cagnotte = checkout();
    $order = place('12,50');
    same(['37.50', 'open', 750], [$order->get_total(), state($order), $cagnotte->available]);
    $order->update_status('processing');
    $order->update_status('completed');
    same(['captured', 1250], [$cagnotte->holds['hld_1']['state'], $cagnotte->holds['hld_1']['captured']]);
    same(['captured', '37.50', 750], [state($order), $order->get_total(), $cagnotte->available]);
}

function the_cagnotte_pays_no_more_than_is_there(): void
{
    $cagnotte = checkout();
    same('30.00', place('45')->get_total());
    same(0, $cagnotte->available);
}

function the_cagnotte_pays_no_more_than_the_order_costs(): void
{
    $cagnotte = checkout();
    $cagnotte->available = 9000;
    same('0.00', place('80')->get_total());
    same(4000, $cagnotte->available);
}

function nobody_pays_with_a_cagnotte_that_is_not_theirs(): void
{
    $cagnotte = checkout();
    foreach ([0 => 'H1', 7 => '', 8 => 'H2'] as $user => $ref) {
        Shop::$user = $user;
        Shop::$users[$user]['cagnotte_member'] = $ref;
        same('50', place('10')->get_total());
    }
    same([], $cagnotte->holds);
}

function an_order_that_is_called_off_before_payment_is_released_and_costs_its_whole_price(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $order->update_status('failed');
    same(['released', '50.00', 2000], [state($order), $order->get_total(), $cagnotte->available]);
}

function an_order_that_is_undone_puts_the_cagnottes_part_back_once(): void
{
    $cagnotte = checkout();
    $order = place('10');
    foreach (['processing', 'cancelled', 'refunded', 'cancelled'] as $status) {
        $order->update_status($status);
    }
    same(['refunded', ['14/undone' => 1000], 2000], [
        state($order), $cagnotte->holds['hld_1']['refunds'], $cagnotte->available,
    ]);
}

function two_cancels_at_once_put_it_back_once(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $order->update_status('processing');
    $before = $order->get_meta(Checkout::NOTE);
    $order->update_status('cancelled');
    // The other process read the order before this one saved it.
    $order->update_meta_data(Checkout::NOTE, $before);
    $order->save();
    Shop::run('woocommerce_order_status_changed', 14);
    same([['14/undone' => 1000], 2000], [$cagnotte->holds['hld_1']['refunds'], $cagnotte->available]);
}

function a_lost_answer_is_asked_for_again_and_moves_nothing_twice(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $cagnotte->lost = 1;
    $order->update_status('processing');
    same(['open', 'captured'], [state($order), $cagnotte->holds['hld_1']['state']]);
    same([[60, 'cagnotte_settle', [14, 1]]], Shop::$queue);
    Shop::run('cagnotte_settle', 14, 1);
    same(['captured', 1000], [state($order), $cagnotte->available]);
}

function an_order_whose_capture_was_not_noted_is_put_back_when_cancelled(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $cagnotte->lost = 1;
    $order->update_status('processing');
    $order->update_status('cancelled');
    same(['refunded', 2000], [state($order), $cagnotte->available]);
}

function a_payment_that_failed_comes_again_with_another_amount(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $note = $order->get_meta(Checkout::NOTE);
    Shop::$session->set('cagnotte_share', 500);
    Shop::$session->set('cagnotte_whole', 5000);
    Shop::run('woocommerce_checkout_order_processed', 14, [], $order);
    same(['14', '14/2'], array_column($cagnotte->holds, 'ref'));
    same(['released', 'open', 1500], [
        $cagnotte->holds['hld_1']['state'], $cagnotte->holds['hld_2']['state'], $cagnotte->available,
    ]);
    same(['hld_1', 'hld_2'], [$note['hold'], $order->get_meta(Checkout::NOTE)['hold']]);
}

function two_checkouts_on_one_balance_get_it_once(): void
{
    $cagnotte = checkout();
    Shop::run('woocommerce_checkout_update_order_review', 'cagnotte_amount=20');
    same('30.00', apply_filters('woocommerce_calculated_total', 50.0, null));
    $cagnotte->available = 0;
    $order = an_order(['status' => 'pending', 'total' => '30.00', 'meta' => []]);
    $error = thrown(fn () => Shop::run('woocommerce_checkout_order_processed', 14, [], $order));
    same('Your cagnotte cannot pay this amount. Look at the new total and order again.', $error->getMessage());
    same(['50.00', '', []], [$order->get_total(), $order->get_meta(Checkout::NOTE), $cagnotte->holds]);
}

function a_checkout_goes_on_without_a_cagnotte_that_is_away(): void
{
    $cagnotte = checkout();
    $cagnotte->away = true;
    same('50', place('10')->get_total());
    ob_start();
    Checkout::field();
    same('', ob_get_clean());
}

function an_order_is_refused_when_its_total_is_not_the_one_that_was_shown(): void
{
    checkout();
    Shop::run('woocommerce_checkout_update_order_review', 'cagnotte_amount=10');
    apply_filters('woocommerce_calculated_total', 50.0, null);
    $errors = new WP_Error();
    Shop::run('woocommerce_after_checkout_validation', [], $errors);
    same(['cagnotte'], $errors->codes);
    ob_start();
    Shop::run('woocommerce_review_order_before_order_total');
    same('<tr class="cagnotte"><th>Cagnotte</th><td><span>-10,00</span></td></tr>', ob_get_clean());
    $errors = new WP_Error();
    Shop::run('woocommerce_after_checkout_validation', [], $errors);
    same([], $errors->codes);
}

function an_amount_that_cannot_be_read_stops_the_order_with_a_sentence(): void
{
    checkout();
    $_POST['cagnotte_amount'] = 'ten';
    Shop::run('woocommerce_checkout_process');
    same(['Type an amount such as 12.50 for your cagnotte, or leave it empty.'], Shop::$notices);
    same(50.0, apply_filters('woocommerce_calculated_total', 50.0, null));
}

function a_hold_that_can_no_longer_be_taken_stops_the_order_for_a_person(): void
{
    $cagnotte = checkout();
    $order = place('10');
    $cagnotte->holds['hld_1']['state'] = 'expired';
    $order->update_status('processing');
    same(['on-hold', 'open'], [$order->get_status(), state($order)]);
    same('The cagnotte’s part, 10.00 EUR, could not be taken: Refused: illegal_transition. Ask the customer for it.', $order->notes[0]);
}

function an_order_that_is_computed_anew_keeps_the_cagnottes_part_off(): void
{
    checkout();
    $order = place('10');
    $order->set_total('48.00');
    Shop::run('woocommerce_order_after_calculate_totals', true, $order);
    same('38.00', $order->get_total());
}

function the_orders_page_shows_the_part_above_the_total(): void
{
    checkout();
    $rows = ['cart_subtotal' => ['label' => 's', 'value' => 'v'], 'order_total' => ['label' => 't', 'value' => 'w']];
    $shown = Checkout::totals($rows, place('10'));
    same(['cart_subtotal', 'cagnotte', 'order_total'], array_keys($shown));
    same('<span>-10,00</span>', $shown['cagnotte']['value']);
}
