<?php
/**
 * Amounts between the shop, which writes decimals, and Cagnotte's interface, which counts minor units.
 */

declare(strict_types=1);

namespace Cagnotte\Shop;

final class Amounts
{
    /** Currencies that are not divided by a hundred (ISO 4217). */
    private const DIGITS = [
        'BIF' => 0, 'CLP' => 0, 'DJF' => 0, 'GNF' => 0, 'ISK' => 0, 'JPY' => 0, 'KMF' => 0, 'KRW' => 0, 'PYG' => 0,
        'RWF' => 0, 'UGX' => 0, 'UYI' => 0, 'VND' => 0, 'VUV' => 0, 'XAF' => 0, 'XOF' => 0, 'XPF' => 0,
        'BHD' => 3, 'IQD' => 3, 'JOD' => 3, 'KWD' => 3, 'LYD' => 3, 'OMR' => 3, 'TND' => 3,
    ];

    public static function digits(string $currency): int
    {
        return self::DIGITS[$currency] ?? 2;
    }

    /** Write what the shop computed as a decimal text, rounded half up to so many digits. */
    public static function text(float|int|string $value, int $digits): string
    {
        $text = number_format((float) $value, $digits, '.', '');
        return (float) $text === 0.0 ? number_format(0, $digits, '.', '') : $text;
    }

    /** Return an amount in minor units; 12.4 euros are 1240. */
    public static function minor(float|int|string $value, string $currency): int
    {
        return (int) str_replace('.', '', self::text($value, self::digits($currency)));
    }

    /** Write minor units as a decimal text; 1240 cents are 12.40. */
    public static function major(int $minor, string $currency): string
    {
        $digits = self::digits($currency);
        $text = str_pad((string) abs($minor), $digits + 1, '0', STR_PAD_LEFT);
        $cut = strlen($text) - $digits;
        $sign = $minor < 0 ? '-' : '';
        return $sign . substr($text, 0, $cut) . ($digits > 0 ? '.' . substr($text, $cut) : '');
    }

    /**
     * Read what a person typed: "12", "12,4" or "12.40"; spaces and the sign of the euro may stand around it.
     *
     * Returns null for anything else, less than zero or with more digits than the currency has: nothing is guessed.
     */
    public static function typed(string $text, string $currency): ?int
    {
        $plain = preg_replace('/[\s\x{00A0}\x{202F}€]+/u', '', $text) ?? '';
        if (!preg_match('/^(\d{1,9})(?:[.,](\d{1,3}))?$/', $plain, $found)) {
            return null;
        }
        $digits = self::digits($currency);
        $behind = rtrim($found[2] ?? '', '0');
        if (strlen($behind) > $digits) {
            return null;
        }
        return (int) ($found[1] . str_pad($behind, $digits, '0'));
    }
}
