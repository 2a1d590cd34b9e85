<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/** What the plugins say, in French. A translation that the shop installed itself goes before it. */
final class French
{
    /** @var array<string, string>|null */
    private static ?array $sentences = null;

    /** @return array<string, string> in English → in French */
    public static function sentences(): array
    {
        return self::$sentences ??= json_decode(
            (string) file_get_contents(__DIR__ . '/french.json'),
            true,
            2,
            JSON_THROW_ON_ERROR
        );
    }
}
