<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use CartRule;
use Currency;
use Customer;
use Order;
use OrderSlip;
use OrderState;

/**
 * What is told of an order and its credit slips: pages in the form in which the shop's webservice answers, so that Cagnotte
 * reads the same whether it was told or asked.
 *
 * Of the customer nothing is told but the click and the member number in the order's note and, if the shop says so, the
 * e-mail address.
 */
final class OrderContent
{
    /** The cart rules that carry what a cagnotte pays have codes that begin so; the source `prestashop` knows them by it. */
    public const RULE = 'CAGNOTTE-';

    public const NOTED = ['cagnotte_click', 'cagnotte_member'];

    private const FIELDS = [
        'id', 'reference', 'id_currency', 'id_customer', 'current_state', 'date_add', 'date_upd', 'total_products_wt',
        'total_discounts_tax_incl', 'total_shipping_tax_incl', 'total_shipping_tax_excl', 'total_wrapping_tax_incl',
    ];
    private const ROW_FIELDS = [
        'product_id', 'product_reference', 'product_quantity', 'unit_price_tax_incl', 'unit_price_tax_excl',
    ];

    /** Return the page of an order as it stands. */
    public static function order(Order $order, bool $withEmail): string
    {
        $state = new OrderState((int) $order->current_state);
        $currency = new Currency((int) $order->id_currency);
        [$used, $rules] = self::rules($order);
        $email = $withEmail ? (string) (new Customer((int) $order->id_customer))->email : '';
        return self::page([
            'orders' => self::node('order', self::fields($order), ['order_rows' => self::articles($order)]),
            'order_states' => self::node('order_state', ['id' => $order->current_state, 'paid' => (int) $state->paid]),
            'currencies' => self::node('currency', ['id' => $order->id_currency, 'iso_code' => $currency->iso_code]),
            'customers' => $email === '' ? '' : self::node('customer', [
                'id' => $order->id_customer, 'email' => $email,
            ]),
            'order_cart_rules' => $used,
            'cart_rules' => $rules,
        ]);
    }

    /** Return the page of an order's credit slips; nothing where there are none. */
    public static function slips(Order $order): string
    {
        $slips = '';
        foreach (OrderSlip::getOrdersSlip((int) $order->id_customer, (int) $order->id) as $slip) {
            $details = '';
            foreach (OrderSlip::getOrdersSlipDetail((int) $slip['id_order_slip']) as $detail) {
                $details .= self::node('order_slip_detail', [
                    'id_order_detail' => $detail['id_order_detail'],
                    'product_quantity' => $detail['product_quantity'],
                    'amount_tax_incl' => $detail['amount_tax_incl'],
                ]);
            }
            $slips .= self::node('order_slip', [
                'id' => $slip['id_order_slip'],
                'id_order' => $order->id,
                'date_add' => $slip['date_add'],
                'date_upd' => $slip['date_upd'],
                'total_shipping_tax_incl' => $slip['total_shipping_tax_incl'],
            ], ['order_slip_details' => $details]);
        }
        return $slips === '' ? '' : self::page([
            'order_slips' => $slips,
            'orders' => self::node('order', ['id' => $order->id, 'reference' => $order->reference]),
        ]);
    }

    /** Return what the note says for Cagnotte, and nothing else that stands in it. */
    public static function noted(string $note): string
    {
        preg_match_all('/\b(' . implode('|', self::NOTED) . ')\s*[=:]\s*[\w-]+/', $note, $found);
        return implode("\n", $found[0]);
    }

    /** @return array<string, mixed> */
    private static function fields(Order $order): array
    {
        $told = ['note' => self::noted((string) $order->note)];
        foreach (self::FIELDS as $name) {
            // Amounts as the webservice writes them, whether they come from the database or were just computed.
            $isAmount = str_starts_with($name, 'total_');
            $told[$name] = $isAmount ? number_format((float) $order->$name, 6, '.', '') : $order->$name;
        }
        return $told;
    }

    private static function articles(Order $order): string
    {
        $rows = '';
        foreach ($order->getProductsDetail() as $row) {
            $told = ['id' => $row['id_order_detail']];
            foreach (self::ROW_FIELDS as $name) {
                $told[$name] = $row[$name];
            }
            $rows .= self::node('order_row', $told);
        }
        return $rows;
    }

    /** @return array{0: string, 1: string} which cart rules the order used, and their codes */
    private static function rules(Order $order): array
    {
        $used = $codes = '';
        foreach ($order->getCartRules() as $row) {
            $used .= self::node('order_cart_rule', [
                'id' => $row['id_order_cart_rule'],
                'id_order' => $order->id,
                'id_cart_rule' => $row['id_cart_rule'],
                'value' => $row['value'],
                'free_shipping' => (int) $row['free_shipping'],
                'deleted' => (int) ($row['deleted'] ?? 0),
            ]);
            $codes .= self::node('cart_rule', [
                'id' => $row['id_cart_rule'],
                'code' => (string) (new CartRule((int) $row['id_cart_rule']))->code,
            ]);
        }
        return [$used, $codes];
    }

    /** @param array<string, string> $parts nodes by the name of their list */
    private static function page(array $parts): string
    {
        $told = '';
        foreach ($parts as $name => $nodes) {
            $told .= "<prestashop><$name>$nodes</$name></prestashop>";
        }
        return "<page>$told</page>";
    }

    /**
     * @param array<string, mixed> $fields
     * @param array<string, string> $lists nodes under `associations`, by the name of their list
     */
    private static function node(string $kind, array $fields, array $lists = []): string
    {
        $told = '';
        foreach ($fields as $name => $value) {
            $text = htmlspecialchars((string) $value, ENT_QUOTES | ENT_XML1 | ENT_SUBSTITUTE, 'UTF-8');
            // Characters that XML has no way to write.
            $told .= "<$name>" . preg_replace('/[\x00-\x08\x0B\x0C\x0E-\x1F]/', '', $text) . "</$name>";
        }
        foreach ($lists as $name => $nodes) {
            $told .= "<associations><$name>$nodes</$name></associations>";
        }
        return "<$kind>$told</$kind>";
    }
}
