<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte;
use Configuration;
use Order;
use Tools;

const GOOD = [
    'submitCagnotte' => '1', 'CAGNOTTE_CLICK_DAYS' => '30', 'CAGNOTTE_API_URL' => 'https://cagnotte.example/',
    'CAGNOTTE_MERCHANT' => 'verte', 'CAGNOTTE_PUBLISHABLE_KEY' => 'cag_test_pk_1',
];

function the_click_is_noted_in_the_order_once(): void
{
    $_COOKIE['cagnotte_click'] = 'k7m2-p9_q4';
    $order = new Order("gift\n");
    $module = new Cagnotte();
    $module->hookActionValidateOrder(['order' => $order]);
    $module->hookActionValidateOrder(['order' => $order]);
    same(["gift\n\ncagnotte_click=k7m2-p9_q4", 1], [$order->note, $order->saved]);
}

function an_order_without_a_click_is_left_alone(): void
{
    foreach ([null, '', 'a b', 'x; member=1', ['x']] as $click) {
        $_COOKIE['cagnotte_click'] = $click;
        $order = new Order();
        (new Cagnotte())->hookActionValidateOrder(['order' => $order]);
        same([null, 0], [$order->note, $order->saved]);
    }
}

function the_badge_says_price_article_and_shop(): void
{
    Tools::$sent = GOOD;
    $module = new Cagnotte();
    $module->getContent();
    $product = ['price_amount' => 69, 'reference' => 'A"1', 'id_product' => 3];
    same(
        '<cagnotte-badge amount="69.00" currency="EUR" sku="A&quot;1" merchant="verte" lang="fr"></cagnotte-badge>',
        $module->hookDisplayProductAdditionalInfo(['product' => $product])
    );
    same(
        '<script type="module" src="https://cagnotte.example/widgets/v1.js" data-cagnotte-key="cag_test_pk_1"></script>',
        $module->hookDisplayHeader()
    );
}

function without_a_key_there_is_neither_script_nor_badge(): void
{
    $module = new Cagnotte();
    same(['', ''], [
        $module->hookDisplayHeader(), $module->hookDisplayProductAdditionalInfo(['product' => ['price_amount' => 1]]),
    ]);
}

function settings_that_cannot_be_right_are_named_and_nothing_is_kept(): void
{
    $wrong = [
        ['CAGNOTTE_CLICK_DAYS' => '0'], ['CAGNOTTE_API_URL' => 'http://cagnotte.example'],
        ['CAGNOTTE_PUBLISHABLE_KEY' => 'cag_live_sk_1'],
    ];
    foreach ($wrong as $change) {
        Tools::$sent = $change + GOOD;
        same(true, str_starts_with((new Cagnotte())->getContent(), 'error: '));
        same([], Configuration::$kept);
    }
}

function installing_asks_for_its_hooks_and_uninstalling_forgets_the_settings(): void
{
    $module = new Cagnotte();
    same(true, $module->install());
    same(['displayHeader', 'actionValidateOrder', 'displayProductAdditionalInfo'], $module->hooks);
    same(['CAGNOTTE_CLICK_DAYS' => '30'], Configuration::$kept);
    same(true, $module->uninstall());
    same([], Configuration::$kept);
}
