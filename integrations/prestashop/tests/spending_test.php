<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte;
use Cagnotte\PrestaShop\Checkout;
use Cagnotte\PrestaShop\Due;
use Cagnotte\PrestaShop\Settings;
use Cagnotte\PrestaShop\Store;
use CartRule;
use Cart;
use Context;
use Customer;
use Db;
use Order;
use Shop;

const CANCELLED = 6;
const REFUNDED = 7;
const PAYMENT_ERROR = 8;

function a_basket_is_held_and_a_cart_rule_takes_the_amount_off(): void
{
    $cagnotte = checkout();
    same('', choose('12,50'));
    same([750, 'open', 1250], [$cagnotte->available, note()['state'], note()['amount_minor']]);
    [$rule] = array_values(CartRule::$all);
    same([12.5, true, 1, 7, false], [
        $rule->reduction_amount, $rule->reduction_tax, $rule->reduction_currency, $rule->id_customer, $rule->partial_use,
    ]);
    same(1, preg_match('/^CAGNOTTE-33-[0-9A-F]{12}$/', $rule->code));
    same([1 => 'Cagnotte', 2 => 'Cagnotte'], $rule->name);
    same([[$rule->id], 52.5], [Context::getContext()->cart->rules, Context::getContext()->cart->getOrderTotal(true, Cart::BOTH)]);
    same(['cart-33'], array_column($cagnotte->holds, 'ref'));
}

function an_order_captures_what_its_cart_rule_took(): void
{
    $cagnotte = checkout();
    choose('12.50');
    place();
    same(['captured', 1250, 750], [note()['state'], $cagnotte->holds['hld_1']['captured'], $cagnotte->available]);
    enter(14, 3);
    enter(14, 5);
    same([1250, 750], [$cagnotte->holds['hld_1']['captured'], $cagnotte->available]);
}

function a_basket_that_shrank_captures_a_part_and_the_rest_goes_back(): void
{
    $cagnotte = checkout();
    choose('20');
    Context::getContext()->cart->articles = 15.0;
    place();
    same([1500, 500, 1500], [$cagnotte->holds['hld_1']['captured'], $cagnotte->available, note()['amount_minor']]);
    enter(14, CANCELLED);
    same(['refunded', 2000], [note()['state'], $cagnotte->available]);
}

function the_cagnotte_pays_no_more_than_is_there_and_no_delivery(): void
{
    $cagnotte = checkout();
    choose('45');
    same([0, 2000], [$cagnotte->available, note()['amount_minor']]);
    $cagnotte = checkout();
    Db::$tables['cagnotte_spending'] = [];
    $cagnotte->available = 9000;
    same('', choose('80'));
    same(6000, note()['amount_minor']);
}

function another_amount_gives_the_first_back_and_an_empty_field_all(): void
{
    $cagnotte = checkout();
    choose('10');
    choose('15');
    same([500, ['released', 'open']], [$cagnotte->available, array_column($cagnotte->holds, 'state')]);
    same(['cart-33', 'cart-33/2'], array_column($cagnotte->holds, 'ref'));
    same([1, 1], [count(CartRule::$all), count(Context::getContext()->cart->rules)]);
    same('', choose(''));
    same([2000, [], []], [$cagnotte->available, CartRule::$all, Context::getContext()->cart->rules]);
}

function what_cannot_be_read_changes_nothing(): void
{
    $cagnotte = checkout();
    choose('10');
    same('Type an amount such as 12.50 for your cagnotte, or leave it empty.', choose('ten'));
    same([1000, 'open', 1], [$cagnotte->available, note()['state'], count(CartRule::$all)]);
}

function nobody_pays_with_a_cagnotte_that_is_not_theirs(): void
{
    $cagnotte = checkout();
    foreach ([[0, 'H1'], [8, ''], [9, 'H2']] as [$customer, $ref]) {
        Context::$now->cookie = new \Cookie();
        Store::keepMember(max(1, $customer), $ref);
        Context::getContext()->customer = new Customer($customer);
        same('Your cagnotte cannot be reached now. Try again, or order without it.', choose('10'));
        same('', (new Cagnotte())->hookDisplayPaymentTop());
    }
    same([[], []], [$cagnotte->holds, CartRule::$all]);
}

function another_module_may_know_the_member(): void
{
    checkout();
    Store::keepMember(7, '');
    Shop::$hooks['actionCagnotteMemberRef'] = [function (array $given): void {
        $given['ref'] = $given['id_customer'] === 7 ? 'H1' : '';
    }];
    same('', choose('10'));
    same('mem_1', note()['member']);
}

function two_baskets_on_one_balance_get_it_once(): void
{
    $cagnotte = checkout();
    (new Checkout(Context::getContext()))->purse();
    $cagnotte->available = 0;
    same('Your cagnotte cannot pay this amount. Look at what is there and choose again.', choose('20'));
    same([[], [], null], [$cagnotte->holds, CartRule::$all, Store::spendingOfCart(33)]);
}

function a_checkout_goes_on_without_a_cagnotte_that_is_away(): void
{
    $cagnotte = checkout();
    $cagnotte->away = true;
    same('', (new Cagnotte())->hookDisplayPaymentTop());
    same('Your cagnotte cannot be reached now. Try again, or order without it.', choose('10'));
    same([], CartRule::$all);
}

function a_cagnotte_that_goes_away_keeps_nothing_off_that_is_not_held(): void
{
    $cagnotte = checkout();
    choose('10');
    $cagnotte->away = true;
    same('Your cagnotte cannot be reached now. Try again, or order without it.', choose('5'));
    same([[], []], [CartRule::$all, Context::getContext()->cart->rules]);
    $cagnotte->away = false;
    same('', choose('5'));
    same(1500, $cagnotte->available);
}

function a_rule_that_the_shop_does_not_take_gives_the_hold_back(): void
{
    $cagnotte = checkout();
    Context::getContext()->cart->takesRules = false;
    same('Your cagnotte cannot pay this amount. Look at what is there and choose again.', choose('10'));
    same(2000, $cagnotte->available);
}

function the_field_shows_what_is_there_and_what_is_taken(): void
{
    checkout();
    $field = (new Cagnotte())->hookDisplayPaymentTop();
    same([true, true], [str_contains($field, 'You have 20,00 €.'), str_contains($field, 'value=""')]);
    choose('12.50');
    $field = (new Cagnotte())->hookDisplayShoppingCartFooter();
    same([true, true, true], [
        str_contains($field, 'You have 20,00 €.'), str_contains($field, 'value="12.50"'),
        str_contains($field, 'name="back" value="cart"'),
    ]);
    Settings::keep('SPENDING', '0');
    same('', (new Cagnotte())->hookDisplayPaymentTop());
}

function an_order_whose_payment_failed_gives_the_hold_back_and_says_so(): void
{
    $cagnotte = checkout();
    choose('10');
    place(state: PAYMENT_ERROR);
    same(['released', 2000], [note()['state'], $cagnotte->available]);
    same(
        "cagnotte_member=H1\n10.00 EUR went back to the customer’s cagnotte. If the order goes on after all, ask for it.",
        (new Order(14))->note
    );
}

function an_order_that_is_undone_puts_the_cagnottes_part_back_once(): void
{
    $cagnotte = checkout();
    choose('10');
    place();
    foreach ([CANCELLED, REFUNDED, CANCELLED] as $state) {
        enter(14, $state);
    }
    same(['refunded', ['order-14/undone' => 1000], 2000], [
        note()['state'], $cagnotte->holds['hld_1']['refunds'], $cagnotte->available,
    ]);
}

function two_cancels_at_once_put_it_back_once(): void
{
    $cagnotte = checkout();
    choose('10');
    place();
    $before = Store::spendingOfCart(33);
    enter(14, CANCELLED);
    // The other process read the note before this one kept it.
    Store::keepSpending(33, $before['rule'], $before['note']);
    enter(14, CANCELLED);
    same([['order-14/undone' => 1000], 2000], [$cagnotte->holds['hld_1']['refunds'], $cagnotte->available]);
}

function a_lost_answer_is_asked_for_again_and_moves_nothing_twice(): void
{
    $cagnotte = checkout();
    choose('10');
    $cagnotte->lost = 1;
    place();
    same(['open', 'captured'], [note()['state'], $cagnotte->holds['hld_1']['state']]);
    same(1, Due::work(time() + 60, 10));
    same(['captured', 1000], [note()['state'], $cagnotte->available]);
}

function an_order_whose_capture_was_not_noted_is_put_back_when_cancelled(): void
{
    $cagnotte = checkout();
    choose('10');
    $cagnotte->lost = 1;
    place();
    enter(14, CANCELLED);
    same(['refunded', 2000], [note()['state'], $cagnotte->available]);
}

function a_basket_that_becomes_two_orders_is_captured_once_and_put_back_order_by_order(): void
{
    $cagnotte = checkout();
    choose('12');
    [$rule] = Context::getContext()->cart->rules;
    an_order(['id' => 15, 'note' => '', 'date_add' => date('Y-m-d H:i:s')]);
    used(15, $rule, '4.000000');
    place(value: '8.000000');
    same([1200, 800], [$cagnotte->holds['hld_1']['captured'], $cagnotte->available]);
    enter(15, CANCELLED);
    same(['captured', 1200], [note()['state'], $cagnotte->available]);
    enter(14, REFUNDED);
    same(['refunded', 2000, ['order-15/undone' => 400, 'order-14/undone' => 800]], [
        note()['state'], $cagnotte->available, $cagnotte->holds['hld_1']['refunds'],
    ]);
}

function an_order_that_is_being_placed_is_not_taken_for_one_without_the_cagnotte(): void
{
    $cagnotte = checkout();
    choose('10');
    // The order is there, its cart rules are not yet.
    $order = an_order(['note' => '', 'date_add' => date('Y-m-d H:i:s')]);
    Checkout::noteOrder($order);
    Due::afterwards();
    same(['open', 1000], [note()['state'], $cagnotte->available]);
    used(14, Context::getContext()->cart->rules[0], '10.000000');
    Due::work(time() + 60, 10);
    same(['captured', 1000], [note()['state'], $cagnotte->available]);
}

function an_order_that_left_the_cagnotte_out_gives_the_hold_back(): void
{
    $cagnotte = checkout();
    choose('10');
    $cart = Context::getContext()->cart;
    $cart->removeCartRule($cart->rules[0]);
    $order = place();
    $order->date_add = date('Y-m-d H:i:s', time() - 3600);
    $order->save();
    Due::work(time() + 60, 10);
    same(['released', 2000], [note()['state'], $cagnotte->available]);
}

function a_basket_that_is_not_ordered_is_left_alone(): void
{
    $cagnotte = checkout();
    choose('10');
    same(true, Checkout::settle(33, time()));
    same(['open', 1000], [note()['state'], $cagnotte->available]);
}

function a_basket_that_was_ordered_takes_no_more(): void
{
    $cagnotte = checkout();
    choose('10');
    place();
    same('This basket was ordered already.', choose('5'));
    same([1000, 1], [$cagnotte->available, count($cagnotte->holds)]);
}

function a_hold_that_can_no_longer_be_taken_is_said_in_the_order_once(): void
{
    $cagnotte = checkout();
    choose('10');
    $cagnotte->holds['hld_1']['state'] = 'expired';
    place();
    enter(14, 3);
    same(
        "cagnotte_member=H1\nThe cagnotte’s part, 10.00 EUR, could not be taken: Refused: illegal_transition. "
            . 'Ask the customer for it.',
        (new Order(14))->note
    );
    same(['open', 0], [note()['state'], count(Db::$tables['cagnotte_due'] ?? [])]);
}

function an_order_is_told_with_its_cagnottes_rule(): void
{
    checkout();
    choose('12.50');
    place();
    $bodies = implode('', array_column(Shop::$requests, 3));
    same(1, preg_match('~<cart_rule><id>70</id><code>CAGNOTTE-33-[0-9A-F]{12}</code></cart_rule>~', $bodies));
    same(true, str_contains($bodies, '<value>12.500000</value>'));
}
