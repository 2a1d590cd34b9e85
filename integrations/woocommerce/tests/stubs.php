<?php
/**
 * As much of WordPress and WooCommerce as the plugin calls, kept in memory.
 *
 * Orders save into Shop::$orders, so that what was not saved is seen to be lost. Requests go to Shop::$server.
 */

declare(strict_types=1);

define('ABSPATH', __DIR__);

final class Shop
{
    public static array $options = [];
    public static array $orders = [];
    public static array $users = [];
    public static array $queue = [];
    public static array $requests = [];
    public static array $notices = [];
    public static array $log = [];
    public static array $hooks = [];
    public static int $user = 0;
    public static ?Session $session = null;
    /** @var null|Closure takes a request, returns [status, body]; null: nobody answers */
    public static ?Closure $server = null;

    public static function open(array $settings = []): void
    {
        self::$options = ['woocommerce_cagnotte_settings' => $settings];
        self::$orders = self::$users = self::$queue = self::$requests = self::$notices = self::$log = [];
        self::$hooks = $_COOKIE = $_GET = $_POST = [];
        self::$user = 0;
        self::$session = new Session();
        self::$server = null;
    }

    public static function run(string $hook, mixed ...$given): void
    {
        foreach (self::$hooks[$hook] ?? [] as [$call, $count]) {
            $call(...array_slice($given, 0, $count));
        }
    }
}

final class Session
{
    private array $kept = [];
    public function get(string $name): mixed
    {
        return $this->kept[$name] ?? null;
    }
    public function set(string $name, mixed $value): void
    {
        $this->kept[$name] = $value;
    }
}

class WP_Error
{
    public array $codes = [];
    public function add(string $code, string $text): void
    {
        $this->codes[] = $code;
    }
}

class WC_Integration
{
    public string $id = '';
    public string $method_title = '';
    public string $method_description = '';
    public array $form_fields = [];
    public function init_settings(): void
    {
    }
    public function process_admin_options(): void
    {
    }
}

class Item
{
    public function __construct(protected array $has)
    {
    }
    public function __call(string $name, array $given): mixed
    {
        return $this->has[substr($name, 4)] ?? '';
    }
    public function get_meta(string $key): mixed
    {
        return $this->has['meta'][$key] ?? '';
    }
}

class WC_Order_Item_Product extends Item
{
    public function get_product(): ?WC_Product
    {
        return isset($this->has['sku']) ? new WC_Product(['sku' => $this->has['sku']]) : null;
    }
}

class WC_Product extends Item
{
}

class Refund extends Item
{
    public function get_items(string $type = 'line_item'): array
    {
        return $this->has[$type] ?? [];
    }
}

class WC_Order extends Item
{
    public array $notes = [];
    public function get_items(string $type = 'line_item'): array
    {
        return $this->has[$type] ?? [];
    }
    public function get_coupon_codes(): array
    {
        return $this->has['coupons'] ?? [];
    }
    public function get_refunds(): array
    {
        return $this->has['refunds'] ?? [];
    }
    public function get_order_number(): string
    {
        return $this->has['number'] ?? (string) $this->has['id'];
    }
    public function get_date_created(): ?DateTimeInterface
    {
        return $this->has['created'];
    }
    public function get_date_modified(): ?DateTimeInterface
    {
        return $this->has['modified'] ?? null;
    }
    public function update_meta_data(string $key, mixed $value): void
    {
        $this->has['meta'][$key] = $value;
    }
    public function update_modified(DateTimeInterface $at): void
    {
        $this->has['modified'] = $at;
        $this->save();
    }
    public function set_total(string $total): void
    {
        $this->has['total'] = $total;
    }
    public function update_status(string $status): void
    {
        $this->has['status'] = $status;
        $this->save();
        Shop::run('woocommerce_order_status_changed', $this->has['id']);
    }
    public function add_order_note(string $note): void
    {
        $this->notes[] = $note;
    }
    public function save(): void
    {
        Shop::$orders[$this->has['id']] = $this;
    }
}

function add_action(string $hook, callable $call, int $priority = 10, int $count = 1): void
{
    Shop::$hooks[$hook][] = [$call, $count];
}
function add_filter(string $hook, callable $call, int $priority = 10, int $count = 1): void
{
    add_action($hook, $call, $priority, $count);
}
function apply_filters(string $hook, mixed $value, mixed ...$given): mixed
{
    foreach (Shop::$hooks[$hook] ?? [] as [$call, $count]) {
        $value = $call(...array_slice([$value, ...$given], 0, $count));
    }
    return $value;
}
function get_option(string $name, mixed $default = false): mixed
{
    return Shop::$options[$name] ?? $default;
}
function update_option(string $name, mixed $value, mixed $load = null): void
{
    Shop::$options[$name] = $value;
}
function get_user_meta(int $user, string $key, bool $single): mixed
{
    return Shop::$users[$user][$key] ?? '';
}
function update_user_meta(int $user, string $key, mixed $value): void
{
    Shop::$users[$user][$key] = $value;
}
function current_user_can(string $what): bool
{
    return in_array($what, Shop::$users[Shop::$user]['may'] ?? [], true);
}
function get_current_user_id(): int
{
    return Shop::$user;
}
function WC(): object
{
    return (object) ['session' => Shop::$session];
}
function wc_get_order(int $id): mixed
{
    return Shop::$orders[$id] ?? false;
}
function wc_get_price_decimals(): int
{
    return 2;
}
function wc_format_decimal(mixed $value, int $digits): string
{
    return number_format((float) $value, $digits, '.', '');
}
function wc_get_price_including_tax(WC_Product $product): float
{
    return (float) $product->get_price() * 1.2;
}
function wc_price(float $amount, array $how = []): string
{
    return '<span>' . number_format($amount, 2, ',', '') . '</span>';
}
function wc_get_logger(): object
{
    return new class {
        public function __call(string $level, array $given): void
        {
            Shop::$log[] = [$level, $given[0]];
        }
    };
}
function wc_add_notice(string $text, string $kind): void
{
    Shop::$notices[] = $text;
}
function woocommerce_form_field(string $name, array $how, mixed $value): void
{
    echo "[$name=$value] {$how['description']}";
}
function get_woocommerce_currency(): string
{
    return 'EUR';
}
function get_locale(): string
{
    return 'fr_FR';
}
function as_enqueue_async_action(string $hook, array $given, string $group): void
{
    Shop::$queue[] = [0, $hook, $given];
}
function as_schedule_single_action(int $at, string $hook, array $given, string $group): void
{
    Shop::$queue[] = [$at - time(), $hook, $given];
}
function wp_remote_request(string $url, array $how): mixed
{
    $request = ['url' => $url] + $how;
    Shop::$requests[] = $request;
    return Shop::$server === null ? new WP_Error() : (Shop::$server)($request);
}
function is_wp_error(mixed $answer): bool
{
    return $answer instanceof WP_Error;
}
function wp_remote_retrieve_response_code(array $answer): int
{
    return $answer[0];
}
function wp_remote_retrieve_body(array $answer): string
{
    return $answer[1];
}
function __(string $text, string $domain): string
{
    return apply_filters("gettext_$domain", $text, $text);
}
function esc_html__(string $text, string $domain): string
{
    return esc_html(__($text, $domain));
}
function determine_locale(): string
{
    return get_locale();
}
function esc_html(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}
function esc_attr(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}
function wp_kses_post(string $text): string
{
    return $text;
}
function wp_strip_all_tags(string $text): string
{
    return strip_tags($text);
}
function wp_unslash(mixed $value): mixed
{
    return $value;
}
function sanitize_text_field(string $text): string
{
    return trim(strip_tags($text));
}
function is_ssl(): bool
{
    return true;
}
function is_product(): bool
{
    return true;
}
function load_plugin_textdomain(): void
{
}
class WooCommerce
{
}
