<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Db;

/**
 * The module's own tables: member numbers of customers, what baskets hold of a cagnotte, and what is to be done.
 *
 * A basket is a row from its first hold on: the note of Cagnotte\Shop\Spending, and the cart rule that carries the amount.
 */
final class Store
{
    private const TABLES = [
        'cagnotte_member' => 'id_customer INT UNSIGNED NOT NULL PRIMARY KEY, ref VARCHAR(100) NOT NULL',
        'cagnotte_spending' => 'id_cart INT UNSIGNED NOT NULL PRIMARY KEY, id_cart_rule INT UNSIGNED NOT NULL, '
            . 'note TEXT NOT NULL, KEY id_cart_rule (id_cart_rule)',
        'cagnotte_due' => 'kind VARCHAR(10) NOT NULL, number INT UNSIGNED NOT NULL, tries INT NOT NULL, '
            . 'due_at INT UNSIGNED NOT NULL, failed TINYINT NOT NULL, mark CHAR(16) NOT NULL, '
            . 'PRIMARY KEY (kind, number), KEY due_at (due_at)',
    ];

    public static function install(): bool
    {
        foreach (self::TABLES as $name => $columns) {
            $made = 'CREATE TABLE IF NOT EXISTS ' . _DB_PREFIX_ . "$name ($columns) ENGINE=" . _MYSQL_ENGINE_
                . ' DEFAULT CHARSET=utf8mb4';
            if (!Db::getInstance()->execute($made)) {
                return false;
            }
        }
        return true;
    }

    /** Remove the work that waits. Members and what baskets hold stay: a hold without its note is money lost from sight. */
    public static function uninstall(): void
    {
        Db::getInstance()->execute('DROP TABLE IF EXISTS ' . _DB_PREFIX_ . 'cagnotte_due');
    }

    // ---- members ----

    public static function memberOf(int $customerId): string
    {
        return (string) (self::row('cagnotte_member', "id_customer = $customerId")['ref'] ?? '');
    }

    public static function keepMember(int $customerId, string $ref): void
    {
        if ($ref === '') {
            Db::getInstance()->delete('cagnotte_member', "id_customer = $customerId");
            return;
        }
        self::replace('cagnotte_member', ['id_customer' => $customerId, 'ref' => $ref]);
    }

    // ---- what baskets hold ----

    /** @return array{cart: int, rule: int, note: array<string, mixed>}|null */
    public static function spendingOfCart(int $cartId): ?array
    {
        return self::spending("id_cart = $cartId");
    }

    /** @return array{cart: int, rule: int, note: array<string, mixed>}|null */
    public static function spendingOfRule(int $ruleId): ?array
    {
        return $ruleId > 0 ? self::spending("id_cart_rule = $ruleId") : null;
    }

    /** @param array<string, mixed> $note */
    public static function keepSpending(int $cartId, int $ruleId, array $note): void
    {
        $text = json_encode($note, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
        self::replace('cagnotte_spending', ['id_cart' => $cartId, 'id_cart_rule' => $ruleId, 'note' => $text]);
    }

    /** @return array{cart: int, rule: int, note: array<string, mixed>}|null */
    private static function spending(string $where): ?array
    {
        $row = self::row('cagnotte_spending', $where);
        return $row === null ? null : [
            'cart' => (int) $row['id_cart'],
            'rule' => (int) $row['id_cart_rule'],
            'note' => json_decode($row['note'], true, 16, JSON_THROW_ON_ERROR),
        ];
    }

    /**
     * Return the orders that a cart rule was used for, with what it paid of each; a basket may become several orders.
     *
     * @return list<array{id_order: int, value: string, state: int}>
     */
    public static function ordersOfRule(int $ruleId): array
    {
        $found = [];
        foreach (self::rows('order_cart_rule', "id_cart_rule = $ruleId") as $row) {
            if ((int) ($row['deleted'] ?? 0) === 0) {
                $order = self::row('orders', 'id_order = ' . (int) $row['id_order']);
                $found[] = [
                    'id_order' => (int) $row['id_order'],
                    'value' => (string) $row['value'],
                    'state' => (int) ($order['current_state'] ?? 0),
                ];
            }
        }
        return $found;
    }

    /** Return when a basket was ordered, as the shop writes times; nothing while it was not. */
    public static function orderedAt(int $cartId): string
    {
        return (string) (self::row('orders', "id_cart = $cartId")['date_add'] ?? '');
    }

    // ---- what is to be done ----

    /** Note that something is to be done; noted again, it begins anew. Returns the mark of this noting. */
    public static function keepDue(string $kind, int $number, int $at, int $tries = 0): string
    {
        $mark = bin2hex(random_bytes(8));
        self::replace('cagnotte_due', [
            'kind' => $kind, 'number' => $number, 'tries' => $tries, 'due_at' => $at, 'failed' => 0, 'mark' => $mark,
        ]);
        return $mark;
    }

    /** Forget what was done, unless it was noted anew meanwhile. */
    public static function done(string $kind, int $number, string $mark): void
    {
        Db::getInstance()->delete('cagnotte_due', self::marked($kind, $number, $mark));
    }

    /** Put off what failed, or give it up, unless it was noted anew meanwhile. */
    public static function postpone(string $kind, int $number, string $mark, int $at, int $tries, bool $failed): void
    {
        $row = ['due_at' => $at, 'tries' => $tries, 'failed' => (int) $failed];
        Db::getInstance()->update('cagnotte_due', $row, self::marked($kind, $number, $mark));
    }

    private static function marked(string $kind, int $number, string $mark): string
    {
        return "kind = '" . pSQL($kind) . "' AND number = $number AND mark = '" . pSQL($mark) . "'";
    }

    /** @return list<array<string, mixed>> */
    public static function due(int $now, int $limit): array
    {
        return array_slice(self::rows('cagnotte_due', "failed = 0 AND due_at <= $now"), 0, $limit);
    }

    /** Return the numbers of orders that were given up. */
    public static function failed(): array
    {
        return array_map(fn (array $row) => (int) $row['number'], self::rows('cagnotte_due', 'failed = 1'));
    }

    // ---- rows ----

    /** @return array<string, mixed>|null */
    private static function row(string $table, string $where): ?array
    {
        return self::rows($table, $where)[0] ?? null;
    }

    /** @return list<array<string, mixed>> */
    private static function rows(string $table, string $where): array
    {
        // Not from the cache of queries: another process may have written meanwhile.
        $found = Db::getInstance()->executeS('SELECT * FROM ' . _DB_PREFIX_ . "$table WHERE $where", true, false);
        return is_array($found) ? $found : [];
    }

    /** @param array<string, int|string> $row */
    private static function replace(string $table, array $row): void
    {
        $safe = array_map(fn (int|string $value) => is_string($value) ? pSQL($value, true) : $value, $row);
        Db::getInstance()->insert($table, $safe, false, false, Db::REPLACE);
    }
}
