<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

/** The badge on the page of a product: what it earns. Cagnotte's script shows it, in the visitor's browser. */
final class Badge
{
    public static function register(): void
    {
        add_action('wp_enqueue_scripts', [self::class, 'script']);
        add_filter('script_loader_tag', [self::class, 'tag'], 10, 2);
        add_action('woocommerce_single_product_summary', [self::class, 'show'], 11);
    }

    public static function script(): void
    {
        if (is_product()) {
            $url = rtrim(Settings::get('api_url'), '/') . '/widgets/v1.js';
            wp_enqueue_script('cagnotte-widgets', $url, [], null, true);
        }
    }

    /** Load the script as a module, with the publishable key of the whole page. */
    public static function tag(string $tag, string $handle): string
    {
        if ($handle !== 'cagnotte-widgets') {
            return $tag;
        }
        $tag = preg_replace('/\stype=(["\'])[^"\']*\1/', '', $tag) ?? $tag;
        $key = esc_attr(Settings::get('publishable_key'));
        return str_replace('<script ', '<script type="module" data-cagnotte-key="' . $key . '" ', $tag);
    }

    public static function show(): void
    {
        global $product;
        if ($product instanceof \WC_Product) {
            echo self::element($product);
        }
    }

    /** Return the element for a product; nothing for one without a price. */
    public static function element(\WC_Product $product): string
    {
        if ($product->get_price() === '') {
            return '';
        }
        $price = wc_format_decimal(wc_get_price_including_tax($product), wc_get_price_decimals());
        $attributes = [
            'amount' => $price,
            'currency' => get_woocommerce_currency(),
            'sku' => (string) ($product->get_sku() ?: $product->get_id()),
            'merchant' => Settings::get('merchant'),
            'lang' => substr(get_locale(), 0, 2),
        ];
        $text = '';
        foreach (array_filter($attributes, fn (string $value) => $value !== '') as $name => $value) {
            $text .= ' ' . $name . '="' . esc_attr($value) . '"';
        }
        return '<cagnotte-badge' . $text . '></cagnotte-badge>';
    }
}
