<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\Shop\Typed;

function addresses_are_https_or_of_this_machine(): void
{
    foreach (['https://cagnotte.example', 'http://localhost:8000/in/x', 'http://127.0.0.1'] as $typed) {
        same(true, Typed::isAddress($typed));
    }
    foreach (['', 'http://cagnotte.example', 'http://localhost.evil.example', 'ftp://x', 'https://'] as $typed) {
        same(false, Typed::isAddress($typed));
    }
}

function keys_are_told_apart(): void
{
    foreach (['cag_live_sk_1' => [false, true], 'cag_test_pk_1' => [true, false], "cag_test_pk_1\n" => [false, false], 'sk' => [false, false]] as $typed => $is) {
        same($is, [Typed::isPublishableKey($typed), Typed::isSecretKey($typed)]);
    }
}
