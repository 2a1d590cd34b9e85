<?php
/**
 * Cagnotte for PrestaShop: keeps the click that brought a customer, notes it in the order, and shows what products earn.
 *
 * Orders themselves are asked for by Cagnotte, through the shop's webservice.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

require_once __DIR__ . '/lib/Clicks.php';

use Cagnotte\Shop\Clicks;

class Cagnotte extends Module
{
    /** Settings: name → what is asked. */
    private const SETTINGS = [
        'CAGNOTTE_CLICK_DAYS' => 'Days a click is kept',
        'CAGNOTTE_API_URL' => 'Address of Cagnotte, such as https://cagnotte.example',
        'CAGNOTTE_MERCHANT' => 'Your shop’s ref in the programme',
        'CAGNOTTE_PUBLISHABLE_KEY' => 'Publishable key, cag_live_pk_…; empty: no badge',
    ];

    public function __construct()
    {
        $this->name = 'cagnotte';
        $this->tab = 'advertising_marketing';
        $this->version = '0.1.0';
        $this->author = 'Cagnotte';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '8.0.0', 'max' => '9.99.99'];
        parent::__construct();
        $this->displayName = 'Cagnotte';
        $this->description = $this->l('Cashback: notes which click led to an order, and shows what products earn.');
    }

    public function install(): bool
    {
        return parent::install()
            && $this->registerHook('displayHeader')
            && $this->registerHook('actionValidateOrder')
            && $this->registerHook('displayProductAdditionalInfo')
            && Configuration::updateValue('CAGNOTTE_CLICK_DAYS', '30');
    }

    public function uninstall(): bool
    {
        foreach (array_keys(self::SETTINGS) as $name) {
            Configuration::deleteByName($name);
        }
        return parent::uninstall();
    }

    // ---- the click ----

    /** Keep the click of the address, and load the script of the badge. */
    public function hookDisplayHeader(): string
    {
        $click = Clicks::read($_GET[Clicks::NAME] ?? '');
        if ($click !== '' && !headers_sent()) {
            $days = max(1, min(365, (int) Configuration::get('CAGNOTTE_CLICK_DAYS')));
            setcookie(Clicks::NAME, $click, Clicks::cookie(time(), $days, Tools::usingSecureMode()));
            $_COOKIE[Clicks::NAME] = $click;
        }
        if (!$this->showsBadge()) {
            return '';
        }
        return sprintf(
            '<script type="module" src="%s/widgets/v1.js" data-cagnotte-key="%s"></script>',
            self::attribute(rtrim((string) Configuration::get('CAGNOTTE_API_URL'), '/')),
            self::attribute((string) Configuration::get('CAGNOTTE_PUBLISHABLE_KEY'))
        );
    }

    /**
     * Write the click into the note of an order, where Cagnotte looks for it; what stands there already stays.
     *
     * @param array{order: Order} $params
     */
    public function hookActionValidateOrder(array $params): void
    {
        $click = Clicks::read($_COOKIE[Clicks::NAME] ?? '');
        $order = $params['order'];
        if ($click === '' || str_contains((string) $order->note, Clicks::NAME)) {
            return;
        }
        $order->note = trim($order->note . "\n" . Clicks::NAME . '=' . $click);
        $order->update();
    }

    // ---- the badge ----

    /** @param array{product: array<string, mixed>|ArrayAccess<string, mixed>} $params */
    public function hookDisplayProductAdditionalInfo(array $params): string
    {
        $product = $params['product'];
        if (!$this->showsBadge() || !isset($product['price_amount'])) {
            return '';
        }
        $attributes = [
            'amount' => number_format((float) $product['price_amount'], 2, '.', ''),
            'currency' => $this->context->currency->iso_code,
            'sku' => (string) ($product['reference'] ?: $product['id_product']),
            'merchant' => (string) Configuration::get('CAGNOTTE_MERCHANT'),
            'lang' => $this->context->language->iso_code,
        ];
        $text = '';
        foreach (array_filter($attributes, fn (string $value) => $value !== '') as $name => $value) {
            $text .= ' ' . $name . '="' . self::attribute($value) . '"';
        }
        return '<cagnotte-badge' . $text . '></cagnotte-badge>';
    }

    private function showsBadge(): bool
    {
        return Configuration::get('CAGNOTTE_API_URL') && Configuration::get('CAGNOTTE_PUBLISHABLE_KEY');
    }

    private static function attribute(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES, 'UTF-8');
    }

    // ---- settings ----

    /** Show the settings, and keep them when they are sent; a setting that cannot be right is named and not kept. */
    public function getContent(): string
    {
        $said = '';
        if (Tools::isSubmit('submitCagnotte')) {
            $wrong = $this->keep();
            $said = $wrong === '' ? $this->displayConfirmation($this->l('Saved.')) : $this->displayError($wrong);
        }
        return $said . $this->form();
    }

    /** Keep all settings, or none. Returns what is wrong, or nothing. */
    private function keep(): string
    {
        $given = [];
        foreach (array_keys(self::SETTINGS) as $name) {
            $given[$name] = trim((string) Tools::getValue($name));
        }
        if (!preg_match('/^[1-9]\d{0,2}$/D', $given['CAGNOTTE_CLICK_DAYS'])) {
            return $this->l('The days must be a number from 1 to 999.');
        }
        if ($given['CAGNOTTE_API_URL'] !== '' && !preg_match('~^https://[^\s/"]+~', $given['CAGNOTTE_API_URL'])) {
            return $this->l('The address must begin with https://.');
        }
        $key = $given['CAGNOTTE_PUBLISHABLE_KEY'];
        if ($key !== '' && !preg_match('/^cag_(live|test)_pk_/', $key)) {
            return $this->l('This is no publishable key: every visitor would read it.');
        }
        foreach ($given as $name => $value) {
            Configuration::updateValue($name, $value);
        }
        return '';
    }

    private function form(): string
    {
        $helper = new HelperForm();
        $helper->module = $this;
        $helper->submit_action = 'submitCagnotte';
        $helper->currentIndex = AdminController::$currentIndex . '&configure=' . $this->name;
        $helper->token = Tools::getAdminTokenLite('AdminModules');
        $inputs = [];
        foreach (self::SETTINGS as $name => $label) {
            $inputs[] = ['type' => 'text', 'name' => $name, 'label' => $this->l($label)];
            $helper->fields_value[$name] = (string) Configuration::get($name);
        }
        return $helper->generateForm([['form' => [
            'legend' => ['title' => 'Cagnotte'],
            'input' => $inputs,
            'submit' => ['title' => $this->l('Save')],
        ]]]);
    }
}
