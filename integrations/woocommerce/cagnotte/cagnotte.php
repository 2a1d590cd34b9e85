<?php
/**
 * Plugin Name: Cagnotte for WooCommerce
 * Description: Cashback with Cagnotte: tells it of orders, lets members pay with their cagnotte, shows what products earn.
 * Version: 0.1.0
 * Requires at least: 6.2
 * Requires PHP: 8.1
 * Requires Plugins: woocommerce
 * WC requires at least: 7.9
 * License: Apache-2.0
 * License URI: https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain: cagnotte
 * Domain Path: /languages
 */

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

if (!defined('ABSPATH')) {
    exit;
}

const VERSION = '0.1.0';

spl_autoload_register(static function (string $class): void {
    // What plugins share is packed into each; where they are worked on it stands beside them, once.
    $lib = is_dir(__DIR__ . '/lib') ? __DIR__ . '/lib' : dirname(__DIR__, 2) . '/php/lib';
    foreach (['Cagnotte\\Shop\\' => $lib, __NAMESPACE__ . '\\' => __DIR__ . '/includes'] as $prefix => $folder) {
        $file = "$folder/" . substr($class, strlen($prefix)) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});

add_action('before_woocommerce_init', static function (): void {
    if (class_exists(\Automattic\WooCommerce\Utilities\FeaturesUtil::class)) {
        // Orders are read and written through WooCommerce's objects alone, wherever they are kept.
        \Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility('custom_order_tables', __FILE__);
    }
});

add_filter('woocommerce_integrations', static fn (array $known): array => [...$known, SettingsPage::class]);

add_action('plugins_loaded', static function (): void {
    if (!class_exists('WooCommerce')) {
        return;
    }
    Language::register();
    Clicks::register();
    Profile::register();
    Teller::register();
    // Orders that were paid with a cagnotte are settled also after the checkout has stopped to offer it.
    Checkout::registerSettling();
    if (Settings::spends()) {
        Checkout::register();
    }
    if (Settings::isOn('badge') && Settings::get('publishable_key') !== '' && Settings::get('api_url') !== '') {
        Badge::register();
    }
});
