<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Typed;

/** WooCommerce → Settings → Integration → Cagnotte. */
final class SettingsPage extends \WC_Integration
{
    public function __construct()
    {
        $this->id = 'cagnotte';
        $this->method_title = 'Cagnotte';
        $this->method_description = __('Tells Cagnotte of orders, and lets members pay with it.', 'cagnotte');
        $this->init_form_fields();
        $this->init_settings();
        add_action('woocommerce_update_options_integration_' . $this->id, [$this, 'process_admin_options']);
        add_action('admin_notices', [self::class, 'untold']);
    }

    public function init_form_fields(): void
    {
        $this->form_fields = [
            'inbox_url' => self::field(
                __('Address for orders', 'cagnotte'),
                __('What “cagnotte sources address” prints for your source of the kind woocommerce.', 'cagnotte')
            ),
            'webhook_secret' => self::field(
                __('Secret for orders', 'cagnotte'),
                __('A long random text, the same as the source’s webhook_secret.', 'cagnotte'),
                'password'
            ),
            'click_days' => self::field(__('Days a click is kept', 'cagnotte'), '', 'number', '30'),
            'send_email' => self::field(
                __('Tell e-mail addresses', 'cagnotte'),
                __('Finds members who came without a click. Ask your customers for consent first.', 'cagnotte'),
                'checkbox',
                'no'
            ),
            'api_url' => self::field(
                __('Address of Cagnotte', 'cagnotte'),
                __('Such as https://cagnotte.example.', 'cagnotte')
            ),
            'merchant' => self::field(__('Your shop’s ref in the programme', 'cagnotte'), ''),
            'spending' => self::field(
                __('Pay with the cagnotte', 'cagnotte'),
                __('Members whose number stands in their profile may pay with it.', 'cagnotte'),
                'checkbox',
                'no'
            ),
            'api_key' => self::field(
                __('Secret key', 'cagnotte'),
                __('cag_live_sk_…, with the scopes members:read, cagnottes:read, holds:read, holds:write.', 'cagnotte'),
                'password'
            ),
            'badge' => self::field(
                __('Badge on product pages', 'cagnotte'),
                __('Shows what a product earns.', 'cagnotte'),
                'checkbox',
                'no'
            ),
            'publishable_key' => self::field(
                __('Publishable key', 'cagnotte'),
                __('cag_live_pk_…, made for the address of this shop.', 'cagnotte')
            ),
        ];
    }

    /** @return array<string, string> */
    private static function field(string $title, string $help, string $type = 'text', string $default = ''): array
    {
        $field = ['title' => $title, 'type' => $type, 'default' => $default];
        return $type === 'checkbox' ? $field + ['label' => $help] : $field + ['description' => $help];
    }

    /** Take an address with https, or of this machine, where shops are tried out. */
    private static function address(string $value, string $name): string
    {
        $value = trim($value);
        if ($value === '' || Typed::isAddress($value)) {
            return $value;
        }
        /* translators: %s: name of a setting */
        throw new \Exception(sprintf(__('“%s” must begin with https://; it stays as it was.', 'cagnotte'), $name));
    }

    public function validate_inbox_url_field(string $key, ?string $value): string
    {
        return self::address((string) $value, __('Address for orders', 'cagnotte'));
    }

    public function validate_api_url_field(string $key, ?string $value): string
    {
        return self::address((string) $value, __('Address of Cagnotte', 'cagnotte'));
    }

    public function validate_publishable_key_field(string $key, ?string $value): string
    {
        $value = trim((string) $value);
        if ($value !== '' && !Typed::isPublishableKey($value)) {
            throw new \Exception(__('This is no publishable key: every visitor would read it.', 'cagnotte'));
        }
        return $value;
    }

    /** Say which orders Cagnotte did not take after all tries. */
    public static function untold(): void
    {
        $orders = (array) get_option(Teller::FAILED, []);
        if ($orders !== [] && current_user_can('manage_woocommerce')) {
            /* translators: %s: numbers of orders */
            $told = sprintf(__('Cagnotte could not be told of these orders: %s.', 'cagnotte'), implode(', ', $orders));
            echo '<div class="notice notice-warning"><p>' . esc_html($told) . '</p></div>';
        }
    }
}
