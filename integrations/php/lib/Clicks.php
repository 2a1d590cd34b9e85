<?php
/**
 * The click that brought a customer: Cagnotte's links end in ?cagnotte_click=…
 */

declare(strict_types=1);

namespace Cagnotte\Shop;

final class Clicks
{
    public const NAME = 'cagnotte_click';

    /** Return the click when it can be one of Cagnotte's, else nothing; what visitors type goes no further. */
    public static function read(mixed $value): string
    {
        return is_string($value) && preg_match('/^[A-Za-z0-9_-]{1,200}$/D', $value) ? $value : '';
    }

    /**
     * Return the options of the cookie: the shop's own, not readable by scripts, sent along when a link leads here.
     *
     * @return array{expires: int, path: string, secure: bool, httponly: bool, samesite: string}
     */
    public static function cookie(int $now, int $days, bool $secure, string $path = '/'): array
    {
        return [
            'expires' => $now + $days * 86400,
            'path' => $path,
            'secure' => $secure,
            'httponly' => true,
            'samesite' => 'Lax',
        ];
    }
}
