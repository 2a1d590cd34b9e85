<?php
/** An order with a discount, tax, delivery and credit slips, and a checkout, as the tests know them. */

declare(strict_types=1);

use Cagnotte\PrestaShop\Checkout;
use Cagnotte\PrestaShop\Due;
use Cagnotte\PrestaShop\Store;

const SECRET = 'a-long-random-text-of-two';
const SETTINGS = [
    'INBOX_URL' => 'https://cagnotte.example/in/abc', 'WEBHOOK_SECRET' => SECRET, 'CLICK_DAYS' => '30',
    'SEND_EMAIL' => '0', 'API_URL' => 'https://cagnotte.example/', 'MERCHANT' => 'verte', 'SPENDING' => '1',
    'API_KEY' => 'cag_test_sk_1', 'PUBLISHABLE_KEY' => 'cag_test_pk_1', 'CRON_TOKEN' => 'c0ffee',
];

/** Two mugs of 24.00 and a box of tea of 12.00, a discount of 6.00, delivery of 5.00. */
function an_order(array $changes = []): Order
{
    $order = new Order();
    $told = $changes + [
        'id' => 14, 'id_cart' => 33, 'reference' => 'XKBKNABJK', 'id_customer' => 7, 'current_state' => 2,
        'date_add' => '2026-11-10 11:00:00', 'date_upd' => '2026-11-10 11:00:05', 'note' => "Ring <twice> & wait\ncagnotte_click=k7m2-p9_q4",
        'total_products_wt' => 60.0, 'total_discounts_tax_incl' => 6.0, 'total_shipping_tax_incl' => 5.0,
        'total_shipping_tax_excl' => 4.17,
        'details' => [
            [
                'id_order_detail' => 31, 'product_id' => 10, 'product_reference' => 'MUG1', 'product_quantity' => 2,
                'unit_price_tax_incl' => '24.000000', 'unit_price_tax_excl' => '20.000000', 'product_name' => 'Mug',
            ],
            [
                'id_order_detail' => 32, 'product_id' => 11, 'product_reference' => '', 'product_quantity' => 1,
                'unit_price_tax_incl' => '12.000000', 'unit_price_tax_excl' => '10.000000', 'product_name' => 'Tea',
            ],
        ],
    ];
    foreach ($told as $name => $value) {
        $order->$name = $value;
    }
    $order->save();
    return $order;
}

/** Let an order use a cart rule. */
function used(int $orderId, int $ruleId, string $value): void
{
    Db::$tables['order_cart_rule'][] = [
        'id_order_cart_rule' => (string) (100 + $ruleId), 'id_order' => (string) $orderId,
        'id_cart_rule' => (string) $ruleId, 'value' => $value, 'free_shipping' => '0', 'deleted' => '0',
    ];
}

/** One of the two mugs came back, with two euros of the delivery. */
function the_slip(): void
{
    OrderSlip::$slips[14] = [[
        'id_order_slip' => '9', 'date_add' => '2026-11-12 09:00:00', 'date_upd' => '2026-11-12 09:00:00',
        'total_shipping_tax_incl' => '2.000000',
    ]];
    OrderSlip::$details[9] = [
        ['id_order_detail' => '31', 'product_quantity' => '1', 'amount_tax_incl' => '24.000000'],
    ];
}

/** A member with 20.00 whose basket is worth 60.00; what Cagnotte answers. */
function checkout(): FakeCagnotte
{
    $cagnotte = new FakeCagnotte();
    Shop::$server = fn (...$asked) => str_contains($asked[1], '/in/') ? [200, ''] : $cagnotte->answer(...$asked);
    Store::keepMember(7, 'H1');
    $context = Context::getContext();
    $context->customer = new Customer(7);
    $context->cart = new Cart(33, 7, 60.0);
    return $cagnotte;
}

function choose(string $typed): string
{
    return (new Checkout(Context::getContext()))->choose($typed);
}

/** Place an order of the basket, in one request; its cart rules take what they say, or what is given here. */
function place(int $id = 14, int $state = 2, ?string $value = null): Order
{
    $cart = Context::getContext()->cart;
    $order = an_order(['id' => $id, 'current_state' => $state, 'note' => '', 'date_add' => date('Y-m-d H:i:s')]);
    foreach ($cart->rules as $rule) {
        used($id, $rule, $value ?? sprintf('%.6f', min(CartRule::$all[$rule]->reduction_amount, $cart->articles)));
    }
    (new Cagnotte())->hookActionValidateOrder(['order' => $order]);
    Due::afterwards();
    return $order;
}

/** Let an order enter a state, in one request. */
function enter(int $id, int $state): void
{
    $order = new Order($id);
    $order->current_state = $state;
    $order->save();
    (new Cagnotte())->hookActionOrderStatusPostUpdate(['id_order' => $id]);
    Due::afterwards();
}

function note(): array
{
    return Store::spendingOfCart(33)['note'];
}

/** @return list<string> what was sent, by the names of the messages */
function told(): array
{
    return array_map(fn (array $asked) => strtok($asked[2]['webhook-id'], '-'), Shop::$requests);
}

/** @return array<string, string> settings as the form sends them */
function sent(array $changes = []): array
{
    $sent = ['submitCagnotte' => '1'];
    foreach ($changes + SETTINGS as $name => $value) {
        $sent['CAGNOTTE_' . $name] = $value;
    }
    return $sent;
}
