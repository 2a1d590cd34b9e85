<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Cagnotte\Shop\Signature;
use Order;
use Validate;

/** Tells Cagnotte how an order stands; signed after Standard Webhooks. */
final class Teller
{
    /** Tell of an order: its credit slips first, so that it never stands without them. Returns whether all was taken. */
    public static function tell(int $orderId): bool
    {
        $order = new Order($orderId);
        if (!Settings::tells() || !Validate::isLoadedObject($order)) {
            return true;
        }
        foreach (self::messages($order, time()) as $message) {
            [$status] = Http::send('POST', Settings::get('INBOX_URL'), $message['headers'], $message['body']);
            if ($status < 200 || $status >= 300) {
                return false;
            }
        }
        return true;
    }

    /** @return list<array{body: string, headers: array<string, string>}> */
    public static function messages(Order $order, int $now): array
    {
        $pages = [
            'slips' => OrderContent::slips($order),
            'order' => OrderContent::order($order, Settings::isOn('SEND_EMAIL')),
        ];
        $messages = [];
        foreach (array_filter($pages) as $name => $body) {
            // The same message has the same id in each try, and is read once.
            $id = "$name-{$order->id}-" . substr(hash('sha256', $body), 0, 24);
            $signed = Signature::standard($id, $now, $body, Settings::get('WEBHOOK_SECRET'));
            $messages[] = ['body' => $body, 'headers' => ['Content-Type' => 'application/xml'] + $signed];
        }
        return $messages;
    }
}
