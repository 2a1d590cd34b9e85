<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte;
use Cagnotte\PrestaShop\Due;
use Cagnotte\PrestaShop\OrderContent;
use Cagnotte\PrestaShop\Settings;
use Cagnotte\PrestaShop\Store;
use Cagnotte\PrestaShop\Teller;
use CartRule;
use Db;
use Order;
use Shop;

function an_order_is_told_with_its_lines_amounts_and_state(): void
{
    $page = OrderContent::order(an_order(), false);
    foreach ([
        '<reference>XKBKNABJK</reference>', '<current_state>2</current_state>', '<total_products_wt>60.000000</total_products_wt>',
        '<date_upd>2026-11-10 11:00:05</date_upd>', '<order_state><id>2</id><paid>1</paid></order_state>',
        '<order_row><id>31</id><product_id>10</product_id><product_reference>MUG1</product_reference>'
        . '<product_quantity>2</product_quantity><unit_price_tax_incl>24.000000</unit_price_tax_incl>'
        . '<unit_price_tax_excl>20.000000</unit_price_tax_excl></order_row>',
        '<currency><id>1</id><iso_code>EUR</iso_code></currency>',
    ] as $part) {
        same($part, str_contains($page, $part) ? $part : $page);
    }
}

function of_the_customer_only_the_traces_are_told(): void
{
    $page = OrderContent::order(an_order(), false);
    same(true, str_contains($page, '<note>cagnotte_click=k7m2-p9_q4</note>'));
    same([false, false], [str_contains($page, 'Ring'), str_contains($page, 'ana@')]);
    same(true, str_contains(OrderContent::order(an_order(), true), '<email>ana@example.org</email>'));
}

function texts_cannot_break_the_page(): void
{
    $order = an_order(['reference' => "A<b>&\"'\x01Z"]);
    same(true, str_contains(OrderContent::order($order, false), '<reference>A&lt;b&gt;&amp;&quot;&apos;Z</reference>'));
}

function credit_slips_go_before_their_order(): void
{
    an_order();
    the_slip();
    Shop::$server = fn () => [200, ''];
    same(true, Teller::tell(14));
    same(['slips', 'order'], told());
    same(true, str_contains(
        Shop::$requests[0][3],
        '<order_slip_detail><id_order_detail>31</id_order_detail><product_quantity>1</product_quantity>'
        . '<amount_tax_incl>24.000000</amount_tax_incl></order_slip_detail>'
    ));
}

function messages_are_signed_over_id_time_and_bytes(): void
{
    [$message] = Teller::messages(an_order(), 1790000000);
    $headers = $message['headers'];
    same('1790000000', $headers['webhook-timestamp']);
    $signed = hash_hmac('sha256', "{$headers['webhook-id']}.1790000000.{$message['body']}", SECRET, true);
    same('v1,' . base64_encode($signed), $headers['webhook-signature']);
}

function a_message_has_the_same_id_in_each_try_and_another_after_a_change(): void
{
    $id = fn (array $changes, int $at) => Teller::messages(an_order($changes), $at)[0]['headers']['webhook-id'];
    same($id([], 1), $id([], 2));
    same(false, $id([], 1) === $id(['current_state' => 6], 1));
}

function an_order_that_changes_often_in_a_request_is_told_once_after_it(): void
{
    $order = an_order();
    Shop::$server = fn () => [200, ''];
    $module = new Cagnotte();
    $module->hookActionValidateOrder(['order' => $order]);
    $module->hookActionObjectOrderUpdateAfter(['object' => $order]);
    $module->hookActionObjectOrderDetailUpdateAfter(['object' => (object) ['id_order' => 14]]);
    $module->hookActionObjectOrderSlipAddAfter(['object' => (object) ['id_order' => 14]]);
    $module->hookActionOrderSlipAdd(['order' => $order]);
    $module->hookActionOrderStatusPostUpdate(['id_order' => 14]);
    same([], Shop::$requests);
    Due::afterwards();
    same(['order'], told());
    same([], Db::$tables['cagnotte_due']);
}

function what_another_request_is_still_doing_is_left_alone(): void
{
    an_order();
    Due::note('tell', 14);
    same([0, []], [Due::work(time(), 10), Shop::$requests]);
    Due::afterwards();
    same(['order'], told());
}

function what_is_not_taken_is_told_again_with_longer_pauses_and_then_shown(): void
{
    an_order();
    $now = 1790000000;
    Store::keepDue('tell', 14, $now);
    foreach ([60, 300, 1800, 7200, 21600, 43200, 86400, 172800] as $pause) {
        same(0, Due::work($now, 10));
        same((string) ($now + $pause), Db::$tables['cagnotte_due'][0]['due_at']);
        same(0, Due::work($now + $pause - 1, 10));
        $now += $pause;
    }
    same(8, count(Shop::$requests));
    Due::work($now, 10);
    same([14], Store::failed());
    same(true, str_starts_with((new Cagnotte())->getContent(), 'error: Cagnotte could not be told of these orders'));
    same(0, Due::work($now + 9999999, 10));
    // When it changes, it is told again.
    Shop::$server = fn () => [200, ''];
    Due::note('tell', 14);
    Due::afterwards();
    same([[], []], [Store::failed(), Db::$tables['cagnotte_due']]);
}

function a_change_while_an_order_is_told_is_told_too(): void
{
    an_order();
    Shop::$server = function () {
        Shop::$server = fn () => [200, ''];
        Due::note('tell', 14);
        return [200, ''];
    };
    Store::keepDue('tell', 14, 0);
    Due::work(1, 10);
    same(1, count(Db::$tables['cagnotte_due']));
    Due::afterwards();
    same([2, []], [count(Shop::$requests), Db::$tables['cagnotte_due']]);
}

function a_slip_that_is_not_taken_keeps_its_order_waiting(): void
{
    an_order();
    the_slip();
    same(false, Teller::tell(14));
    same(['slips'], told());
}

function a_shop_without_address_or_secret_tells_nothing(): void
{
    Settings::keep('WEBHOOK_SECRET', ' ');
    (new Cagnotte())->hookActionValidateOrder(['order' => an_order()]);
    Due::afterwards();
    same([[], []], [Shop::$requests, Db::$tables['cagnotte_due'] ?? []]);
}

function an_order_that_is_gone_when_its_turn_comes_is_no_error(): void
{
    same([true, []], [Teller::tell(99), Shop::$requests]);
}

function a_cart_rule_is_told_with_its_code(): void
{
    CartRule::$all[70] = (object) ['id' => 70, 'code' => 'ANA-5'];
    used(14, 70, '6.000000');
    $page = OrderContent::order(an_order(), false);
    same(true, str_contains($page, '<id_cart_rule>70</id_cart_rule><value>6.000000</value>'));
    same(true, str_contains($page, '<cart_rule><id>70</id><code>ANA-5</code></cart_rule>'));
    same(false, (new Order(99))->id > 0);
}
