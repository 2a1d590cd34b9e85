<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Pauses;
use Cagnotte\Shop\Signature;

/**
 * Tells Cagnotte of orders and of each change of them.
 *
 * A change is noted in the request that makes it and told by Action Scheduler, the queue that comes with WooCommerce: no
 * customer waits for Cagnotte. What cannot be told is told again with longer pauses, as the order then stands.
 * Messages are signed as WooCommerce's own webhooks are, so the source `woocommerce` takes them.
 */
final class Teller
{
    public const ACTION = 'cagnotte_tell';
    public const GROUP = 'cagnotte';
    public const FAILED = 'cagnotte_untold_orders';

    /** @var array<int, string> what to tell when this request ends: order → topic */
    private static array $changed = [];

    public static function register(): void
    {
        foreach (['woocommerce_new_order', 'woocommerce_update_order', 'woocommerce_order_refunded'] as $hook) {
            add_action($hook, [self::class, 'note'], 10, 1);
        }
        add_action('woocommerce_trash_order', [self::class, 'note'], 10, 1);
        add_action('woocommerce_untrash_order', [self::class, 'note'], 10, 1);
        add_action('woocommerce_refund_deleted', fn ($refund, $order) => self::note($order), 10, 2);
        add_action('woocommerce_delete_order', [self::class, 'noteDeleted'], 10, 1);
        add_action('shutdown', [self::class, 'enqueue']);
        add_action(self::ACTION, [self::class, 'tell'], 10, 3);
    }

    /** Note that an order changed. */
    public static function note(mixed $orderId): void
    {
        if (Settings::tells() && (int) $orderId > 0) {
            self::$changed[(int) $orderId] ??= 'order.updated';
        }
    }

    /** Note that an order is gone for good; a change noted before says no more. */
    public static function noteDeleted(mixed $orderId): void
    {
        if (Settings::tells() && (int) $orderId > 0) {
            self::$changed[(int) $orderId] = 'order.deleted';
        }
    }

    /** Put what this request changed into the queue, each order once. */
    public static function enqueue(): void
    {
        $changed = self::$changed;
        self::$changed = [];
        foreach ($changed as $orderId => $topic) {
            as_enqueue_async_action(self::ACTION, [$orderId, $topic, 0], self::GROUP);
        }
    }

    /** Tell of an order; if that fails, plan the next try. Called by Action Scheduler. */
    public static function tell(int $orderId, string $topic, int $tries = 0): void
    {
        if (!Settings::tells()) {
            return;
        }
        foreach (self::messages($orderId, $topic) as $message) {
            $status = self::send($message);
            if ($status < 200 || $status >= 300) {
                self::again($orderId, $topic, $tries, $status);
                return;
            }
        }
        self::remember($orderId, false);
    }

    /**
     * Return the messages about an order: the refunds with their articles go first, so that the order never stands
     * with a refund that nobody can place.
     *
     * @return list<array{topic: string, body: string, headers: array<string, string>}>
     */
    public static function messages(int $orderId, string $topic): array
    {
        if ($topic === 'order.deleted') {
            return [self::message($topic, ['id' => $orderId], (string) $orderId)];
        }
        $order = wc_get_order($orderId);
        if (!$order instanceof \WC_Order) {
            return [];
        }
        $content = OrderContent::order($order, Settings::isOn('send_email'));
        $messages = [];
        if ($content['refunds'] !== []) {
            $refunds = OrderContent::refunds($order);
            $messages[] = self::message("refunds/$orderId", $refunds, "$orderId-refunds");
        }
        $messages[] = self::message($topic, $content, (string) $orderId);
        return $messages;
    }

    /**
     * @param array<mixed> $content
     * @return array{topic: string, body: string, headers: array<string, string>}
     */
    private static function message(string $topic, array $content, string $name): array
    {
        $body = json_encode($content, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        return [
            'topic' => $topic,
            'body' => $body,
            'headers' => [
                'Content-Type' => 'application/json',
                'X-WC-Webhook-Topic' => $topic,
                'X-WC-Webhook-Signature' => Signature::of($body, Settings::get('webhook_secret')),
                // The same message has the same id in each try, and is read once.
                'X-WC-Webhook-Delivery-ID' => $name . '-' . substr(hash('sha256', $topic . $body), 0, 24),
            ],
        ];
    }

    /** @param array{topic: string, body: string, headers: array<string, string>} $message */
    private static function send(array $message): int
    {
        return Http::send('POST', Settings::get('inbox_url'), $message['headers'], $message['body'])[0];
    }

    private static function again(int $orderId, string $topic, int $tries, int $status): void
    {
        $why = $status === 0 ? 'no answer' : "status $status";
        if (!isset(Pauses::SECONDS[$tries])) {
            wc_get_logger()->error("Order $orderId could not be told ($why).", ['source' => 'cagnotte']);
            self::remember($orderId, true);
            return;
        }
        $at = time() + Pauses::SECONDS[$tries];
        as_schedule_single_action($at, self::ACTION, [$orderId, $topic, $tries + 1], self::GROUP);
        wc_get_logger()->warning("Order $orderId is told again later ($why).", ['source' => 'cagnotte']);
    }

    /** Keep which orders were given up, for the notice to the shopkeeper. */
    private static function remember(int $orderId, bool $failed): void
    {
        $known = (array) get_option(self::FAILED, []);
        $now = array_values(array_diff($known, [$orderId]));
        if ($failed) {
            $now[] = $orderId;
        }
        if ($now !== $known) {
            update_option(self::FAILED, array_slice($now, -100), false);
        }
    }
}
