<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\Shop\Amounts;

function amounts_become_minor_units_and_back(): void
{
    foreach ([['12.4', 'EUR', 1240], [0.285, 'EUR', 29], ['1500', 'JPY', 1500], ['-5.00', 'EUR', -500], [1.5, 'TND', 1500]] as [$value, $currency, $minor]) {
        same($minor, Amounts::minor($value, $currency));
    }
    same(['12.40', '0.05', '-0.05', '1500', '1.500'], [
        Amounts::major(1240, 'EUR'), Amounts::major(5, 'EUR'), Amounts::major(-5, 'EUR'),
        Amounts::major(1500, 'JPY'), Amounts::major(1500, 'TND'),
    ]);
    same('0.00', Amounts::text(-0.001, 2));
}

function amounts_are_read_as_people_type_them(): void
{
    foreach (['12' => 1200, '12,4' => 1240, ' 12.40 €' => 1240, '0' => 0, "1\u{202F}000,5" => 100050, '1.500' => 150] as $typed => $minor) {
        same($minor, Amounts::typed((string) $typed, 'EUR'));
    }
    foreach (['', '-1', '1,234', '1.2.3', 'ten', '1e3', '9999999999', '1,'] as $typed) {
        same(null, Amounts::typed($typed, 'EUR'));
    }
    same(null, Amounts::typed('1.5', 'JPY'));
}
