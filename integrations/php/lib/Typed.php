<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/** What a shopkeeper types into the settings. */
final class Typed
{
    /** Tell whether this is an address with https, or of this machine, where shops are tried out. */
    public static function isAddress(string $typed): bool
    {
        return preg_match('~^https://[^\s/"]+|^http://(localhost|127\.0\.0\.1)([:/]|$)~', $typed) === 1;
    }

    /** Tell whether this is a publishable key: a secret one would be read by every visitor. */
    public static function isPublishableKey(string $typed): bool
    {
        return preg_match('/^cag_(live|test)_pk_\S+$/D', $typed) === 1;
    }

    public static function isSecretKey(string $typed): bool
    {
        return preg_match('/^cag_(live|test)_sk_\S+$/D', $typed) === 1;
    }
}
