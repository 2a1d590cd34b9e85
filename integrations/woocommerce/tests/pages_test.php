<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\WooCommerce\Badge;
use Cagnotte\WooCommerce\Checkout;
use Cagnotte\WooCommerce\Language;
use Cagnotte\WooCommerce\Profile;
use Cagnotte\WooCommerce\SettingsPage;
use Shop;
use WC_Product;

function the_badge_says_price_with_tax_article_and_shop(): void
{
    same(
        '<cagnotte-badge amount="69.00" currency="EUR" sku="A&quot;1" merchant="maison-verte" lang="fr"></cagnotte-badge>',
        Badge::element(new WC_Product(['price' => '57.50', 'sku' => 'A"1', 'id' => 3]))
    );
    same('', Badge::element(new WC_Product(['price' => '', 'sku' => 'A1'])));
}

function the_script_is_a_module_with_the_publishable_key(): void
{
    $tag = "<script type='text/javascript' src='https://cagnotte.example/widgets/v1.js' id='x'></script>";
    same(
        '<script type="module" data-cagnotte-key="cag_test_pk_1" src=\'https://cagnotte.example/widgets/v1.js\' id=\'x\'></script>',
        Badge::tag($tag, 'cagnotte-widgets')
    );
    same($tag, Badge::tag($tag, 'other'));
}

function settings_refuse_plain_http_and_a_secret_key_for_browsers(): void
{
    $page = new SettingsPage();
    same('https://cagnotte.example', $page->validate_api_url_field('api_url', ' https://cagnotte.example '));
    same('http://localhost:8000', $page->validate_api_url_field('api_url', 'http://localhost:8000'));
    foreach (['http://cagnotte.example', 'http://localhost.evil.example', 'ftp://x', 'https://'] as $typed) {
        thrown(fn () => $page->validate_inbox_url_field('inbox_url', $typed));
    }
    same('cag_live_pk_1', $page->validate_publishable_key_field('publishable_key', 'cag_live_pk_1'));
    thrown(fn () => $page->validate_publishable_key_field('publishable_key', 'cag_live_sk_1'));
}

function only_staff_writes_member_numbers(): void
{
    Shop::$user = 7;
    $_POST['cagnotte_member'] = ' H9 ';
    Profile::save(7);
    same('', get_user_meta(7, 'cagnotte_member', true));
    Shop::$users[7]['may'] = ['manage_woocommerce'];
    Profile::save(7);
    same('H9', get_user_meta(7, 'cagnotte_member', true));
}

function the_plugin_speaks_french_unless_the_shop_says_it_otherwise(): void
{
    Language::register();
    $_POST['cagnotte_amount'] = 'dix';
    Checkout::posted();
    same([true], array_map(fn ($said) => str_starts_with($said, 'Indiquez un montant'), Shop::$notices));
    same('Mon mot', Language::french('Mon mot', 'Secret key'));
}
