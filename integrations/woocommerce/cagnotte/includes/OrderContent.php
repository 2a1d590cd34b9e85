<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Amounts;

/**
 * What is told of an order: its articles, delivery, fees, coupons and refunds, in the form of WooCommerce's REST
 * interface v3, and nothing about the customer but the country and, if the shop says so, the e-mail address.
 *
 * Lines are told before (`subtotal`) and after (`total`) their discounts, both without tax, which stands beside them.
 */
final class OrderContent
{
    public const MEMBER = 'cagnotte_member';

    /** Fields of an order that lead to a member, and the part that a cagnotte paid. */
    private const KEPT = ['cagnotte_click', self::MEMBER, '_wc_order_attribution_session_entry', Checkout::PAID];

    /**
     * Return an order as it stands.
     *
     * @return array<string, mixed>
     */
    public static function order(\WC_Order $order, bool $withEmail): array
    {
        $digits = wc_get_price_decimals();
        return [
            'id' => $order->get_id(),
            'number' => (string) $order->get_order_number(),
            'status' => $order->get_status(),
            'currency' => $order->get_currency(),
            'date_created_gmt' => self::gmt($order->get_date_created()),
            'date_modified_gmt' => self::gmt($order->get_date_modified() ?? $order->get_date_created()),
            'shipping_total' => Amounts::text($order->get_shipping_total(), $digits),
            'shipping_tax' => Amounts::text($order->get_shipping_tax(), $digits),
            'billing' => [
                'country' => $order->get_billing_country(),
                'email' => $withEmail ? $order->get_billing_email() : '',
            ],
            'meta_data' => self::kept($order),
            'coupon_lines' => array_map(fn (string $code) => ['code' => $code], $order->get_coupon_codes()),
            'line_items' => array_map(
                fn (\WC_Order_Item_Product $item) => self::line($item, $digits),
                array_values($order->get_items())
            ),
            'fee_lines' => array_map(
                fn (object $fee) => self::totals($fee, $digits),
                array_values($order->get_items('fee'))
            ),
            'refunds' => array_map(
                fn (object $refund) => [
                    'id' => $refund->get_id(),
                    'total' => Amounts::text(-1 * (float) $refund->get_amount(), $digits),
                ],
                array_values($order->get_refunds())
            ),
        ];
    }

    /**
     * Return the refunds of an order with the articles that came back; all amounts are below zero.
     *
     * @return list<array<string, mixed>>
     */
    public static function refunds(\WC_Order $order): array
    {
        $digits = wc_get_price_decimals();
        $told = [];
        foreach ($order->get_refunds() as $refund) {
            $lines = [];
            foreach ($refund->get_items() as $item) {
                $lines[] = [
                    'id' => $item->get_id(),
                    'quantity' => $item->get_quantity(),
                    ...self::totals($item, $digits),
                    'meta_data' => [[
                        'key' => '_refunded_item_id',
                        'value' => (string) $item->get_meta('_refunded_item_id'),
                    ]],
                ];
            }
            $told[] = [
                'id' => $refund->get_id(),
                'line_items' => $lines,
                'shipping_lines' => array_map(
                    fn (object $one) => self::totals($one, $digits),
                    array_values($refund->get_items('shipping'))
                ),
            ];
        }
        return $told;
    }

    /** @return array<string, mixed> */
    private static function line(\WC_Order_Item_Product $item, int $digits): array
    {
        $product = $item->get_product();
        return [
            'id' => $item->get_id(),
            'product_id' => $item->get_product_id(),
            'sku' => $product ? (string) $product->get_sku() : '',
            'quantity' => $item->get_quantity(),
            'subtotal' => Amounts::text($item->get_subtotal(), $digits),
            'subtotal_tax' => Amounts::text($item->get_subtotal_tax(), $digits),
            ...self::totals($item, $digits),
        ];
    }

    /** @return array{total: string, total_tax: string} */
    private static function totals(object $item, int $digits): array
    {
        return [
            'total' => Amounts::text($item->get_total(), $digits),
            'total_tax' => Amounts::text($item->get_total_tax(), $digits),
        ];
    }

    /** @return list<array{key: string, value: string}> */
    private static function kept(\WC_Order $order): array
    {
        $found = [];
        foreach (self::KEPT as $key) {
            $value = $order->get_meta($key);
            if (is_string($value) && $value !== '') {
                $found[] = ['key' => $key, 'value' => $value];
            }
        }
        return $found;
    }

    private static function gmt(?\DateTimeInterface $at): ?string
    {
        return $at === null ? null : gmdate('Y-m-d\TH:i:s', $at->getTimestamp());
    }
}
