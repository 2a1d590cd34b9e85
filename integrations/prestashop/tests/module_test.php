<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte;
use Cagnotte\PrestaShop\Http;
use Cagnotte\PrestaShop\Settings;
use Cagnotte\PrestaShop\Store;
use Configuration;
use Db;
use Shop;
use Tools;

function click_and_member_are_noted_in_the_order_once(): void
{
    $_COOKIE['cagnotte_click'] = 'k7m2-p9_q4';
    Store::keepMember(7, 'H-1');
    $order = an_order(['note' => "gift\n"]);
    $module = new Cagnotte();
    $module->hookActionValidateOrder(['order' => $order]);
    $module->hookActionValidateOrder(['order' => $order]);
    same(["gift\ncagnotte_click=k7m2-p9_q4\ncagnotte_member=H-1", 1], [$order->note, $order->saved]);
}

function an_order_without_a_click_is_left_alone(): void
{
    Store::keepMember(7, 'two words');
    foreach ([null, '', 'a b', 'x; member=1', ['x']] as $click) {
        $_COOKIE['cagnotte_click'] = $click;
        $order = an_order(['note' => null]);
        (new Cagnotte())->hookActionValidateOrder(['order' => $order]);
        same([null, 0], [$order->note, $order->saved]);
    }
}

function the_badge_says_price_article_and_shop(): void
{
    $module = new Cagnotte();
    $product = ['price_amount' => 69, 'reference' => 'A"1', 'id_product' => 3];
    same(
        '<cagnotte-badge amount="69.00" currency="EUR" sku="A&quot;1" merchant="verte" lang="en"></cagnotte-badge>',
        $module->hookDisplayProductAdditionalInfo(['product' => $product])
    );
    same(
        '<script type="module" src="https://cagnotte.example/widgets/v1.js" data-cagnotte-key="cag_test_pk_1"></script>',
        $module->hookDisplayHeader()
    );
}

function without_a_key_there_is_neither_script_nor_badge(): void
{
    Settings::keep('PUBLISHABLE_KEY', '');
    $module = new Cagnotte();
    same(['', ''], [
        $module->hookDisplayHeader(), $module->hookDisplayProductAdditionalInfo(['product' => ['price_amount' => 1]]),
    ]);
}

function settings_that_are_right_are_kept_and_secrets_are_not_shown(): void
{
    Configuration::$kept = [];
    Tools::$sent = sent(['INBOX_URL' => ' http://localhost:8000/in/x ']);
    $page = (new Cagnotte())->getContent();
    same(true, str_starts_with($page, 'done: '));
    same('http://localhost:8000/in/x', Settings::get('INBOX_URL'));
    same([false, false], [str_contains($page, SECRET), str_contains($page, 'cag_test_sk_1')]);
}

function a_secret_that_is_left_empty_stays_as_it_was(): void
{
    Tools::$sent = sent(['WEBHOOK_SECRET' => '', 'API_KEY' => '', 'MERCHANT' => 'rouge']);
    (new Cagnotte())->getContent();
    same([SECRET, 'cag_test_sk_1', 'rouge'], array_map([Settings::class, 'get'], ['WEBHOOK_SECRET', 'API_KEY', 'MERCHANT']));
}

function settings_that_cannot_be_right_are_named_and_nothing_is_kept(): void
{
    $wrong = [
        ['CLICK_DAYS' => '0'], ['API_URL' => 'http://cagnotte.example'], ['INBOX_URL' => 'cagnotte.example'],
        ['PUBLISHABLE_KEY' => 'cag_live_sk_1'], ['API_KEY' => 'cag_live_pk_1'],
    ];
    Configuration::$kept = [];
    foreach ($wrong as $change) {
        Tools::$sent = sent($change);
        same(true, str_starts_with((new Cagnotte())->getContent(), 'error: '));
        same([], Configuration::$kept);
    }
}

function staff_writes_and_removes_member_numbers(): void
{
    Tools::$sent = ['submitCagnotteMember' => '1', 'id_customer' => '7', 'cagnotte_member' => ' H"9 '];
    $module = new Cagnotte();
    $module->getContent();
    same('H"9', Store::memberOf(7));
    same(true, str_contains($module->hookDisplayAdminCustomers(['id_customer' => 7]), 'value="H&quot;9"'));
    Tools::$sent['cagnotte_member'] = '';
    $module->getContent();
    same('', Store::memberOf(7));
}

function installing_asks_for_its_hooks_and_each_has_its_method(): void
{
    Configuration::$kept = [];
    $module = new Cagnotte();
    same(true, $module->install());
    foreach ($module->hooks as $name) {
        same(true, method_exists($module, 'hook' . ucfirst($name)));
    }
    same(['30', 32], [Settings::get('CLICK_DAYS'), strlen(Settings::get('CRON_TOKEN'))]);
}

function uninstalling_forgets_settings_and_work_but_not_what_baskets_hold(): void
{
    checkout();
    choose('10');
    Store::keepDue('tell', 14, 0);
    $module = new Cagnotte();
    same(true, $module->uninstall());
    same([], array_filter(array_keys(Configuration::$kept), fn ($name) => str_starts_with($name, 'CAGNOTTE_')));
    same(['open', false], [note()['state'], isset(Db::$tables['cagnotte_due'])]);
}

function requests_go_through_what_is_put_in_place_of_curl(): void
{
    Shop::$server = fn () => [204, ''];
    same([204, ''], Http::send('GET', 'https://x.example', ['A' => 'b'], ''));
    same([['GET', 'https://x.example', ['A' => 'b'], '']], Shop::$requests);
}

function the_module_speaks_french(): void
{
    require __DIR__ . '/../cagnotte/translations/fr.php';
    checkout();
    \Context::getContext()->language->iso_code = 'fr';
    $field = (new Cagnotte())->hookDisplayPaymentTop();
    same(true, str_contains($field, 'Vous avez 20,00 €. Indiquez combien utiliser pour cette commande.'));
    same(true, str_starts_with(choose('ten'), 'Indiquez un montant'));
}
