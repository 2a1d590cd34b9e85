<?php
/**
 * Cagnotte for PrestaShop: tells Cagnotte of orders, lets members pay with their cagnotte, keeps the click that brought a
 * customer, and shows what products earn.
 *
 * @license Apache-2.0
 */

declare(strict_types=1);

use Cagnotte\PrestaShop\Checkout;
use Cagnotte\PrestaShop\Due;
use Cagnotte\PrestaShop\Settings;
use Cagnotte\PrestaShop\Store;
use Cagnotte\Shop\Amounts;
use Cagnotte\Shop\Clicks;

if (!defined('_PS_VERSION_')) {
    exit;
}

spl_autoload_register(static function (string $class): void {
    // What plugins share is packed into each; where they are worked on it stands beside them, once.
    $lib = is_dir(__DIR__ . '/lib') ? __DIR__ . '/lib' : dirname(__DIR__, 2) . '/php/lib';
    foreach (['Cagnotte\\Shop\\' => $lib, 'Cagnotte\\PrestaShop\\' => __DIR__ . '/classes'] as $prefix => $folder) {
        $file = "$folder/" . substr($class, strlen($prefix)) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});

class Cagnotte extends Module
{
    public const VERSION = '0.1.0';

    private const HOOKS = [
        'displayHeader', 'actionValidateOrder', 'displayProductAdditionalInfo',
        // Each change of an order, whoever makes it.
        'actionObjectOrderUpdateAfter', 'actionObjectOrderDetailUpdateAfter', 'actionObjectOrderSlipAddAfter',
        'actionOrderSlipAdd', 'actionOrderStatusPostUpdate',
        'displayPaymentTop', 'displayShoppingCartFooter', 'displayAdminCustomers',
    ];

    public function __construct()
    {
        $this->name = 'cagnotte';
        $this->tab = 'advertising_marketing';
        $this->version = self::VERSION;
        $this->author = 'Cagnotte';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '8.0.0', 'max' => '9.99.99'];
        parent::__construct();
        $this->displayName = 'Cagnotte';
        $this->description = $this->l('Cashback: tells of orders, lets members pay with it, shows what products earn.');
    }

    public function install(): bool
    {
        return parent::install() && Store::install() && Settings::install()
            && array_reduce(self::HOOKS, fn (bool $done, string $name) => $done && $this->registerHook($name), true);
    }

    public function uninstall(): bool
    {
        Settings::forget();
        Store::uninstall();
        return parent::uninstall();
    }

    // ---- the click ----

    /** Keep the click of the address, and load the script of the badge. */
    public function hookDisplayHeader(): string
    {
        $click = Clicks::read($_GET[Clicks::NAME] ?? '');
        if ($click !== '' && !headers_sent()) {
            $how = Clicks::cookie(time(), Settings::clickDays(), Tools::usingSecureMode());
            setcookie(Clicks::NAME, $click, $how);
            $_COOKIE[Clicks::NAME] = $click;
        }
        if (!Settings::showsBadge()) {
            return '';
        }
        return sprintf(
            '<script type="module" src="%s/widgets/v1.js" data-cagnotte-key="%s"></script>',
            self::attribute(rtrim(Settings::get('API_URL'), '/')),
            self::attribute(Settings::get('PUBLISHABLE_KEY'))
        );
    }

    // ---- the order ----

    /**
     * Write click and member into the note of an order that is placed, where Cagnotte looks for them; tell of the order,
     * and settle what it took of a cagnotte. What stands in the note already stays.
     *
     * @param array{order: Order} $params
     */
    public function hookActionValidateOrder(array $params): void
    {
        $order = $params['order'];
        $member = Checkout::memberOf((int) $order->id_customer);
        $found = [
            Clicks::NAME => Clicks::read($_COOKIE[Clicks::NAME] ?? ''),
            // A number that the note cannot hold whole would be read as another one.
            'cagnotte_member' => preg_match('/^[\w-]{1,100}$/D', $member) ? $member : '',
        ];
        $before = trim((string) $order->note);
        $note = $before;
        foreach (array_filter($found, fn (string $value) => $value !== '') as $name => $value) {
            $note .= str_contains($before, $name) ? '' : "\n$name=$value";
        }
        if (trim($note) !== $before) {
            $order->note = trim($note);
            $order->update();
        }
        $this->changed($order);
    }

    /** @param array{object: Order} $params */
    public function hookActionObjectOrderUpdateAfter(array $params): void
    {
        $this->changed($params['object']);
    }

    /** @param array{object: OrderDetail} $params */
    public function hookActionObjectOrderDetailUpdateAfter(array $params): void
    {
        $this->note((int) $params['object']->id_order);
    }

    /** @param array{object: OrderSlip} $params */
    public function hookActionObjectOrderSlipAddAfter(array $params): void
    {
        $this->note((int) $params['object']->id_order);
    }

    /** The articles of a slip are written after the slip itself. @param array{order: Order} $params */
    public function hookActionOrderSlipAdd(array $params): void
    {
        $this->note((int) $params['order']->id);
    }

    /** @param array{id_order: int} $params */
    public function hookActionOrderStatusPostUpdate(array $params): void
    {
        $order = new Order((int) $params['id_order']);
        if (Validate::isLoadedObject($order)) {
            $this->changed($order);
        }
    }

    private function changed(Order $order): void
    {
        $this->note((int) $order->id);
        Checkout::noteOrder($order);
    }

    private function note(int $orderId): void
    {
        if (Settings::tells()) {
            Due::note('tell', $orderId);
        }
    }

    // ---- paying with the cagnotte ----

    public function hookDisplayPaymentTop(): string
    {
        return $this->field('order');
    }

    public function hookDisplayShoppingCartFooter(): string
    {
        return $this->field('cart');
    }

    /** Return the field in which the member says how much; nothing for who has no cagnotte, or an empty one. */
    private function field(string $page): string
    {
        $checkout = new Checkout($this->context);
        $purse = Settings::spends() ? $checkout->purse() : null;
        $taken = $purse === null ? 0 : $checkout->taken();
        if ($purse === null || $purse['spendable'] + $taken <= 0) {
            return '';
        }
        $there = Checkout::shown($purse['spendable'] + $taken, $this->context);
        return sprintf(
            '<form class="cagnotte-pay" method="post" action="%s"><label for="cagnotte-amount">%s</label>'
                . '<input class="form-control" type="text" inputmode="decimal" autocomplete="off" id="cagnotte-amount" '
                . 'name="cagnotte_amount" value="%s" aria-describedby="cagnotte-there">'
                . '<p id="cagnotte-there">%s</p><input type="hidden" name="token" value="%s">'
                . '<input type="hidden" name="back" value="%s"><button class="btn btn-primary" type="submit">%s</button></form>',
            self::attribute($this->context->link->getModuleLink('cagnotte', 'spend', [], true)),
            self::attribute($this->l('Pay with your cagnotte')),
            $taken > 0 ? Amounts::major($taken, $this->context->currency->iso_code) : '',
            self::attribute(sprintf($this->l('You have %s. Type how much this order may take.'), $there)),
            self::attribute((string) Tools::getToken(false)),
            $page,
            self::attribute($this->l('Apply'))
        );
    }

    // ---- the badge ----

    /** @param array{product: array<string, mixed>|ArrayAccess<string, mixed>} $params */
    public function hookDisplayProductAdditionalInfo(array $params): string
    {
        $product = $params['product'];
        if (!Settings::showsBadge() || !isset($product['price_amount'])) {
            return '';
        }
        $currency = $this->context->currency->iso_code;
        $attributes = [
            'amount' => Amounts::text($product['price_amount'], Amounts::digits($currency)),
            'currency' => $currency,
            'sku' => (string) ($product['reference'] ?: $product['id_product']),
            'merchant' => Settings::get('MERCHANT'),
            'lang' => $this->context->language->iso_code,
        ];
        $text = '';
        foreach (array_filter($attributes, fn (string $value) => $value !== '') as $name => $value) {
            $text .= ' ' . $name . '="' . self::attribute($value) . '"';
        }
        return '<cagnotte-badge' . $text . '></cagnotte-badge>';
    }

    private static function attribute(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES, 'UTF-8');
    }

    // ---- the back office ----

    /** Show the member number on a customer's page; the shop's staff alone may write it, for it opens a cagnotte. */
    public function hookDisplayAdminCustomers(array $params): string
    {
        $id = (int) $params['id_customer'];
        return sprintf(
            '<div class="card"><h3 class="card-header">Cagnotte</h3><form class="card-body" method="post" action="%s">'
                . '<label for="cagnotte-member">%s</label> <input class="form-control" type="text" maxlength="100" '
                . 'id="cagnotte-member" name="cagnotte_member" value="%s"><input type="hidden" name="id_customer" '
                . 'value="%d"><button class="btn btn-primary" type="submit" name="submitCagnotteMember">%s</button></form></div>',
            self::attribute($this->context->link->getAdminLink('AdminModules', true, [], ['configure' => $this->name])),
            self::attribute($this->l('Member number')),
            self::attribute(Store::memberOf($id)),
            $id,
            self::attribute($this->l('Save'))
        );
    }

    /** Show the settings, and keep them when they are sent; a setting that cannot be right is named and not kept. */
    public function getContent(): string
    {
        $said = '';
        if (Tools::isSubmit('submitCagnotteMember')) {
            $ref = trim((string) Tools::getValue('cagnotte_member'));
            Store::keepMember((int) Tools::getValue('id_customer'), mb_substr($ref, 0, 100));
            $said = $this->displayConfirmation($this->l('Saved.'));
        } elseif (Tools::isSubmit('submitCagnotte')) {
            $wrong = $this->keep();
            $said = $wrong === '' ? $this->displayConfirmation($this->l('Saved.')) : $this->displayError($wrong);
        }
        return $said . $this->untold() . $this->form();
    }

    /** Keep all settings, or none. Returns what is wrong, or nothing. */
    private function keep(): string
    {
        $given = [];
        foreach (Settings::ALL as $name => [$kind]) {
            $given[$name] = trim((string) Tools::getValue('CAGNOTTE_' . $name));
        }
        $wrong = Settings::wrong($given);
        if ($wrong !== '') {
            return $wrong;
        }
        foreach ($given as $name => $value) {
            if ($value !== '' || Settings::ALL[$name][0] !== 'secret') {
                Settings::keep($name, $value);
            }
        }
        return '';
    }

    /** Say which orders Cagnotte did not take after all tries. */
    private function untold(): string
    {
        $numbers = Store::failed();
        return $numbers === [] ? '' : $this->displayError(sprintf(
            $this->l('Cagnotte could not be told of these orders or baskets: %s.'),
            implode(', ', $numbers)
        ));
    }

    private function form(): string
    {
        $helper = new HelperForm();
        $helper->module = $this;
        $helper->submit_action = 'submitCagnotte';
        $helper->currentIndex = AdminController::$currentIndex . '&configure=' . $this->name;
        $helper->token = Tools::getAdminTokenLite('AdminModules');
        $inputs = [];
        foreach (Settings::ALL as $name => [$kind, $label]) {
            $inputs[] = self::input($kind, 'CAGNOTTE_' . $name, $this->l($label));
            $helper->fields_value['CAGNOTTE_' . $name] = $kind === 'secret' ? '' : Settings::get($name);
        }
        $cron = $this->context->link->getModuleLink('cagnotte', 'cron', ['token' => Settings::get(Settings::CRON_TOKEN)]);
        return $helper->generateForm([['form' => [
            'legend' => ['title' => 'Cagnotte'],
            'description' => $this->l('For the cron of your machine, every few minutes:') . ' ' . $cron,
            'input' => $inputs,
            'submit' => ['title' => $this->l('Save')],
        ]]]);
    }

    /** @return array<string, mixed> */
    private static function input(string $kind, string $name, string $label): array
    {
        $input = ['type' => $kind === 'secret' ? 'password' : $kind, 'name' => $name, 'label' => $label];
        $choices = [['id' => "{$name}_on", 'value' => 1, 'label' => 'Yes'], ['id' => "{$name}_off", 'value' => 0, 'label' => 'No']];
        return $kind === 'switch' ? $input + ['is_bool' => true, 'values' => $choices] : $input;
    }
}
