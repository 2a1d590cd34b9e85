<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Module;

/** Sentences in the language of whoever looks at the shop now. */
final class Texts
{
    /** Return a sentence with its facts, which stand where %s or %1$s is. */
    public static function say(string $sentence, string ...$facts): string
    {
        $module = Module::getInstanceByName('cagnotte');
        return vsprintf($module ? $module->l($sentence) : $sentence, $facts);
    }
}
