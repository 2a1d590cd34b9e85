<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\French;

/** What the plugin says, in English or French; what a shop has translated itself goes before. */
final class Language
{
    public static function register(): void
    {
        load_plugin_textdomain('cagnotte', false, basename(dirname(__DIR__)) . '/languages');
        add_filter('gettext_cagnotte', [self::class, 'french'], 10, 2);
    }

    public static function french(string $said, string $text): string
    {
        $wanted = $said === $text && str_starts_with(determine_locale(), 'fr');
        return $wanted ? (French::sentences()[$text] ?? $text) : $said;
    }
}
