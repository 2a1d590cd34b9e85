<?php
/** As much of PrestaShop as the module calls, kept in memory. */

declare(strict_types=1);

define('_PS_VERSION_', '8.1.0');

class Module
{
    public $name, $tab, $version, $author, $need_instance, $bootstrap, $ps_versions_compliancy, $displayName, $description;
    public object $context;
    public array $hooks = [];
    public function __construct()
    {
        $this->context = (object) [
            'currency' => (object) ['iso_code' => 'EUR'],
            'language' => (object) ['iso_code' => 'fr'],
        ];
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
    public function l($text)
    {
        return $text;
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
        return implode(' ', array_column($forms[0]['form']['input'], 'name'));
    }
}

class Order
{
    public int $saved = 0;
    public function __construct(public ?string $note = null)
    {
    }
    public function update()
    {
        $this->saved++;
        return true;
    }
}
