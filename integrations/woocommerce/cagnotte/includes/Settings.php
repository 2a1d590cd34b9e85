<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Api;
use Cagnotte\Shop\Spending;

/** What the shopkeeper filled in under WooCommerce → Settings → Integration → Cagnotte. */
final class Settings
{
    public const OPTION = 'woocommerce_cagnotte_settings';

    public static function get(string $name, string $default = ''): string
    {
        $all = get_option(self::OPTION, []);
        $value = is_array($all) ? ($all[$name] ?? $default) : $default;
        return is_string($value) ? trim($value) : $default;
    }

    public static function isOn(string $name): bool
    {
        return self::get($name, 'no') === 'yes';
    }

    public static function clickDays(): int
    {
        return max(1, min(365, (int) self::get('click_days', '30')));
    }

    /** Tell whether orders can be told: where to, and signed by what. */
    public static function tells(): bool
    {
        return self::get('inbox_url') !== '' && self::get('webhook_secret') !== '';
    }

    /** Tell whether members may pay with their cagnotte. */
    public static function spends(): bool
    {
        return self::isOn('spending') && self::get('api_url') !== '' && self::get('api_key') !== ''
            && self::get('merchant') !== '';
    }

    public static function api(): Api
    {
        return new Api(self::get('api_url'), self::get('api_key'), [Http::class, 'send']);
    }

    public static function spending(): Spending
    {
        return new Spending(self::api(), self::get('merchant'));
    }
}
