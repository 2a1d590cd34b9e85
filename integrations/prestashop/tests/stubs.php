<?php
/**
 * As much of PrestaShop as the module calls, kept in memory.
 *
 * Rows are in Db::$tables, where the module's own SQL finds them; orders save into them. Requests go to Shop::$server.
 */

declare(strict_types=1);

define('_PS_VERSION_', '8.1.0');
define('_DB_PREFIX_', 'ps_');
define('_MYSQL_ENGINE_', 'InnoDB');

final class Shop
{
    /** Takes method, address, headers and body, returns [status, body]; null: nobody answers. */
    public static ?Closure $server = null;
    public static array $requests = [];
    public static array $log = [];
    public static array $hooks = [];

    public static function open(array $settings = []): void
    {
        Configuration::$kept = ['PS_OS_CANCELED' => '6', 'PS_OS_REFUND' => '7', 'PS_OS_ERROR' => '8'];
        foreach ($settings as $name => $value) {
            Configuration::$kept['CAGNOTTE_' . $name] = $value;
        }
        Db::$tables = Tools::$sent = $_COOKIE = $_GET = [];
        self::$requests = self::$log = self::$hooks = [];
        self::$server = null;
        Context::$now = new Context();
        Cagnotte\PrestaShop\Http::$through = static function (...$asked): array {
            self::$requests[] = $asked;
            return self::$server === null ? [0, ''] : (self::$server)(...$asked);
        };
    }
}

class Module
{
    public $name, $tab, $version, $author, $need_instance, $bootstrap, $ps_versions_compliancy, $displayName, $description;
    public Context $context;
    public array $hooks = [];
    public function __construct()
    {
        $this->context = Context::getContext();
    }
    public function install()
    {
        return true;
    }
    public function uninstall()
    {
        return true;
    }
    public function registerHook($name)
    {
        $this->hooks[] = $name;
        return true;
    }
    public static function getInstanceByName($name)
    {
        return new Cagnotte();
    }
    public function l($text)
    {
        global $_MODULE;
        $name = "<{{$this->name}}prestashop>cagnotte_" . md5($text);
        return $this->context->language->iso_code === 'fr' ? ($_MODULE[$name] ?? $text) : $text;
    }
    public function displayError($text)
    {
        return "error: $text\n";
    }
    public function displayConfirmation($text)
    {
        return "done: $text\n";
    }
}

/** The cookie of a visitor: what is not there is empty. */
class Cookie
{
    private array $kept = [];
    public function __get($name)
    {
        return $this->kept[$name] ?? '';
    }
    public function __isset($name)
    {
        return isset($this->kept[$name]);
    }
    public function __set($name, $value)
    {
        if (preg_match('/¤|\|/', (string) $value)) {
            throw new Exception('Forbidden chars in cookie');
        }
        $this->kept[$name] = $value;
    }
}

class Context
{
    public static ?Context $now = null;
    public object $currency, $language, $link;
    public ?Customer $customer = null;
    public Cookie $cookie;
    public ?Cart $cart = null;
    public static function getContext()
    {
        return self::$now ??= new self();
    }
    public function getCurrentLocale()
    {
        return new class {
            public function formatPrice($amount, $currency)
            {
                return number_format($amount, 2, ',', ' ') . ' €';
            }
        };
    }
    public function __construct()
    {
        $this->currency = (object) ['id' => 1, 'iso_code' => 'EUR'];
        $this->language = (object) ['iso_code' => 'en'];
        $this->cookie = new Cookie();
        $this->link = new class {
            public function getModuleLink($module, $controller, $with = [], $ssl = null)
            {
                return "https://shop.example/module/$module/$controller?" . http_build_query($with);
            }
            public function getAdminLink($controller, $token = true, $route = [], $with = [])
            {
                return "/admin/$controller?" . http_build_query($with);
            }
        };
    }
}

class Configuration
{
    public static array $kept = [];
    public static function get($name)
    {
        return self::$kept[$name] ?? false;
    }
    public static function updateValue($name, $value)
    {
        self::$kept[$name] = $value;
        return true;
    }
    public static function deleteByName($name)
    {
        unset(self::$kept[$name]);
        return true;
    }
}

class Tools
{
    public static array $sent = [];
    public static function isSubmit($name)
    {
        return isset(self::$sent[$name]);
    }
    public static function getValue($name)
    {
        return self::$sent[$name] ?? false;
    }
    public static function usingSecureMode()
    {
        return true;
    }
    public static function getAdminTokenLite($name)
    {
        return 'token';
    }
    public static function getToken($page)
    {
        return 'visitor';
    }
}

class Hook
{
    public static function exec($name, $given = [])
    {
        foreach (Shop::$hooks[$name] ?? [] as $call) {
            $call($given);
        }
    }
}

class AdminController
{
    public static $currentIndex = 'index.php';
}

class HelperForm
{
    public $module, $submit_action, $currentIndex, $token;
    public array $fields_value = [];
    public function generateForm($forms)
    {
        return implode(' ', array_column($forms[0]['form']['input'], 'name')) . ' ' . json_encode($this->fields_value);
    }
}

class PrestaShopLogger
{
    public static function addLog($text, $level)
    {
        Shop::$log[] = [$level, $text];
    }
}

class Validate
{
    public static function isLoadedObject($one)
    {
        return (bool) $one->id;
    }
}

class Language
{
    public static function getIDs($active = true)
    {
        return [1, 2];
    }
}

function pSQL($text, $html = false)
{
    return addslashes($html ? $text : strip_tags($text));
}

/** Tables in memory; understands conditions such as “a = 1 AND b <= 2 AND c = 'x'”. */
class Db
{
    public const REPLACE = 3;
    private const KEYS = [
        'cagnotte_member' => ['id_customer'], 'cagnotte_spending' => ['id_cart'], 'cagnotte_due' => ['kind', 'number'],
    ];
    public static array $tables = [];
    public static function getInstance()
    {
        return new self();
    }
    public function execute($sql)
    {
        if (preg_match('/^DROP TABLE IF EXISTS ps_(\w+)$/', $sql, $found)) {
            unset(self::$tables[$found[1]]);
        }
        return true;
    }
    public function executeS($sql, $array = true, $cache = true)
    {
        if (!preg_match('/^SELECT \* FROM ps_(\w+) WHERE (.+)$/', $sql, $found)) {
            throw new Exception($sql);
        }
        return array_values(array_filter(self::$tables[$found[1]] ?? [], self::where($found[2])));
    }
    public function insert($table, $row, $nulls, $cache, $type)
    {
        $same = self::KEYS[$table];
        $mine = array_map(fn ($name) => (string) $row[$name], $same);
        $others = fn ($old) => array_map(fn ($name) => (string) $old[$name], $same) !== $mine;
        $kept = array_filter(self::$tables[$table] ?? [], $others);
        $kept[] = array_map(fn ($value) => is_string($value) ? stripslashes($value) : (string) $value, $row);
        self::$tables[$table] = array_values($kept);
        return true;
    }
    public function update($table, $row, $where)
    {
        foreach (self::$tables[$table] ?? [] as $at => $old) {
            if (self::where($where)($old)) {
                self::$tables[$table][$at] = array_map('strval', $row) + $old;
            }
        }
        return true;
    }
    public function delete($table, $where)
    {
        $gone = self::where($where);
        self::$tables[$table] = array_values(array_filter(self::$tables[$table] ?? [], fn ($row) => !$gone($row)));
        return true;
    }
    private static function where($text)
    {
        return static function ($row) use ($text) {
            foreach (explode(' AND ', $text) as $one) {
                if (!preg_match("/^(\w+) (=|<=) '?(.*?)'?$/", $one, $found)) {
                    throw new Exception($one);
                }
                [, $name, $is, $value] = $found;
                $has = (string) ($row[$name] ?? '');
                if ($is === '=' ? $has !== $value : (int) $has > (int) $value) {
                    return false;
                }
            }
            return true;
        };
    }
}

class Customer
{
    public $email = 'ana@example.org';
    public function __construct(public $id = null)
    {
    }
    public function isLogged()
    {
        return $this->id > 0;
    }
}

class Currency
{
    public $iso_code = 'EUR';
    public function __construct(public $id)
    {
    }
}

class OrderState
{
    public $paid;
    public function __construct(public $id)
    {
        $this->paid = in_array($id, [2, 3, 4, 5], true);
    }
}

class CartRule
{
    public static array $all = [];
    public $id, $name, $code = '', $id_customer, $date_from, $date_to, $quantity, $quantity_per_user, $partial_use;
    public $priority, $reduction_amount, $reduction_tax, $reduction_currency, $active;
    public function __construct($id = null)
    {
        foreach (get_object_vars(self::$all[$id] ?? new stdClass()) as $name => $value) {
            $this->$name = $value;
        }
    }
    public function add()
    {
        $this->id = 70 + count(self::$all);
        self::$all[$this->id] = $this;
        return true;
    }
    public function delete()
    {
        unset(self::$all[$this->id]);
        return true;
    }
}

class Cart
{
    public const ONLY_PRODUCTS = 1;
    public const ONLY_DISCOUNTS = 2;
    public const BOTH = 3;
    public $id_currency = 1;
    public array $rules = [];
    public bool $takesRules = true;
    public function __construct(public $id, public $id_customer, public float $articles, public float $delivery = 5.0)
    {
    }
    public function addCartRule($id)
    {
        $this->rules[] = $id;
        return $this->takesRules;
    }
    public function removeCartRule($id)
    {
        $this->rules = array_values(array_diff($this->rules, [$id]));
        return true;
    }
    public function discounts()
    {
        $all = array_sum(array_map(fn ($id) => CartRule::$all[$id]->reduction_amount, $this->rules));
        return min($all, $this->articles);
    }
    public function getOrderTotal($taxes, $kind)
    {
        return match ($kind) {
            self::ONLY_PRODUCTS => $this->articles,
            self::ONLY_DISCOUNTS => $this->discounts(),
            self::BOTH => $this->articles - $this->discounts() + $this->delivery,
        };
    }
}

class Order
{
    public static array $all = [];
    public $id, $id_cart, $reference, $id_currency = 1, $id_customer, $current_state, $date_add, $date_upd, $note;
    public $total_products_wt, $total_discounts_tax_incl, $total_shipping_tax_incl, $total_shipping_tax_excl;
    public $total_wrapping_tax_incl = 0.0;
    public array $details = [];
    public int $saved = 0;
    public function __construct($id = null)
    {
        foreach (get_object_vars(self::$all[$id] ?? new stdClass()) as $name => $value) {
            $this->$name = $value;
        }
    }
    public function update()
    {
        $this->saved++;
        $this->save();
        (new Cagnotte())->hookActionObjectOrderUpdateAfter(['object' => $this]);
        return true;
    }
    public function save()
    {
        self::$all[$this->id] = clone $this;
        $row = ['id_order' => (string) $this->id, 'id_cart' => (string) $this->id_cart];
        $row += ['current_state' => (string) $this->current_state, 'date_add' => $this->date_add];
        $others = array_filter(Db::$tables['orders'] ?? [], fn ($old) => $old['id_order'] !== $row['id_order']);
        Db::$tables['orders'] = [...array_values($others), $row];
    }
    public function getProductsDetail()
    {
        return $this->details;
    }
    public function getCartRules()
    {
        return Db::getInstance()->executeS("SELECT * FROM ps_order_cart_rule WHERE id_order = {$this->id}");
    }
}

class OrderSlip
{
    /** Slips by the number of their order, and details by the number of their slip. */
    public static array $slips = [];
    public static array $details = [];
    public static function getOrdersSlip($customer, $order)
    {
        return self::$slips[$order] ?? [];
    }
    public static function getOrdersSlipDetail($slip)
    {
        return self::$details[$slip] ?? [];
    }
}
