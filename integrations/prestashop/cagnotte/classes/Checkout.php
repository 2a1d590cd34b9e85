<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Cagnotte\Shop\Amounts;
use Cagnotte\Shop\ApiError;
use Cagnotte\Shop\Spending;
use Cart;
use CartRule;
use Configuration;
use Context;
use Hook;
use Language;
use Order;
use PrestaShopLogger;

/**
 * Paying with the cagnotte: the member says how much, the money is held, and a cart rule of the member's own takes the amount
 * off the basket. When the order is placed, what the rule took is captured; what of it is undone goes back.
 */
final class Checkout
{
    /** Seconds for which a balance that was read is shown; the hold is decided by Cagnotte in any case. */
    private const FRESH_SECONDS = 60;

    /** The rule outlives the hold a little, for a payment that is under way. */
    private const RULE_MINUTES = Settings::HOLD_MINUTES + 60;

    /** An order that is being placed has no cart rules for a moment; after this it did not use the cagnotte. */
    private const PLACED_SECONDS = 600;

    public function __construct(private readonly Context $context)
    {
    }

    // ---- before the order ----

    /**
     * Return the cagnotte of the customer who is signed in, or null: none, or it cannot be asked now.
     *
     * @return array{member: string, spendable: int}|null
     */
    public function purse(): ?array
    {
        $customer = $this->context->customer;
        $ref = $customer && $customer->isLogged() ? self::memberOf((int) $customer->id) : '';
        if ($ref === '') {
            return null;
        }
        $known = json_decode((string) ($this->context->cookie->cagnotte_purse ?? ''), true);
        if (is_array($known) && $known['ref'] === $ref && $known['at'] > time() - self::FRESH_SECONDS) {
            return $known['purse'];
        }
        try {
            $api = Settings::api();
            $member = $api->member($ref);
            $purse = $member === null || $member['state'] !== 'open' ? null : [
                'member' => $member['id'],
                'spendable' => $api->spendable($member['cagnotte_id'], $this->context->currency->iso_code),
            ];
        } catch (ApiError $error) {
            PrestaShopLogger::addLog('Cagnotte: ' . $error->getMessage(), 2);
            $purse = null;
        }
        $this->context->cookie->cagnotte_purse = json_encode(['ref' => $ref, 'at' => time(), 'purse' => $purse]);
        return $purse;
    }

    /**
     * Return the member number of a customer of the shop, or nothing.
     *
     * It stands on the customer's page in the back office, or another module gives it through the hook. Never by e-mail
     * address: whoever opens an account with somebody else's would spend their cagnotte.
     */
    public static function memberOf(int $customerId): string
    {
        $ref = $customerId > 0 ? Store::memberOf($customerId) : '';
        Hook::exec('actionCagnotteMemberRef', ['id_customer' => $customerId, 'ref' => &$ref]);
        return (string) $ref;
    }

    /** Return what this basket takes of the cagnotte now, in minor units. */
    public function taken(): int
    {
        $known = Store::spendingOfCart((int) $this->context->cart->id);
        return $known === null ? 0 : Spending::paid($known['note']);
    }

    /**
     * Let this basket take so much of the cagnotte; nothing typed, nothing taken. Returns a sentence when it cannot be.
     *
     * What the basket took before goes back first.
     */
    public function choose(string $typed): string
    {
        $currency = $this->context->currency->iso_code;
        $minor = trim($typed) === '' ? 0 : Amounts::typed($typed, $currency);
        if ($minor === null) {
            return Texts::say('Type an amount such as 12.50 for your cagnotte, or leave it empty.');
        }
        if (Store::orderedAt((int) $this->context->cart->id) !== '') {
            return Texts::say('This basket was ordered already.');
        }
        try {
            $this->giveUp();
            return $minor > 0 ? $this->take($minor, $currency) : '';
        } catch (ApiError $error) {
            PrestaShopLogger::addLog("Cagnotte: basket {$this->context->cart->id}: " . $error->getMessage(), 2);
            $this->context->cookie->cagnotte_purse = '';
            return $error->mayPass()
                ? Texts::say('Your cagnotte cannot be reached now. Try again, or order without it.')
                : Texts::say('Your cagnotte cannot pay this amount. Look at what is there and choose again.');
        }
    }

    private function giveUp(): void
    {
        $cart = $this->context->cart;
        $known = Store::spendingOfCart((int) $cart->id);
        if ($known === null || $known['note']['state'] !== 'open') {
            return;
        }
        // The rule goes first: what is not held any more must take nothing off.
        if ($known['rule'] > 0) {
            $cart->removeCartRule($known['rule']);
            (new CartRule($known['rule']))->delete();
        }
        $note = Settings::spending()->settle($known['note'], self::ref($cart->id), 'undone');
        Store::keepSpending((int) $cart->id, 0, $note);
        $this->context->cookie->cagnotte_purse = '';
    }

    private function take(int $asked, string $currency): string
    {
        $cart = $this->context->cart;
        $purse = $this->purse();
        if ($purse === null) {
            return Texts::say('Your cagnotte cannot be reached now. Try again, or order without it.');
        }
        $articles = (float) $cart->getOrderTotal(true, Cart::ONLY_PRODUCTS)
            - (float) $cart->getOrderTotal(true, Cart::ONLY_DISCOUNTS);
        $share = Spending::share($asked, $purse['spendable'], Amounts::minor($articles, $currency));
        if ($share === 0) {
            return Texts::say('There is nothing that your cagnotte could pay here.');
        }
        $known = Store::spendingOfCart((int) $cart->id);
        Settings::spending()->reserve($known['note'] ?? null, [
            'order' => self::ref($cart->id),
            'member' => $purse['member'],
            'amount_minor' => $share,
            'total_minor' => Amounts::minor((float) $cart->getOrderTotal(true, Cart::BOTH), $currency),
            'currency' => $currency,
        ], fn (array $note) => Store::keepSpending((int) $cart->id, 0, $note));
        $this->context->cookie->cagnotte_purse = '';
        $this->addRule($share, $currency);
        return '';
    }

    /** Take the amount off the basket by a cart rule of this customer's, once. */
    private function addRule(int $minor, string $currency): void
    {
        $cart = $this->context->cart;
        $rule = new CartRule();
        $rule->name = array_fill_keys(Language::getIDs(false), 'Cagnotte');
        $rule->code = OrderContent::RULE . $cart->id . '-' . strtoupper(bin2hex(random_bytes(6)));
        $rule->id_customer = (int) $cart->id_customer;
        $rule->date_from = date('Y-m-d H:i:s', time() - 60);
        $rule->date_to = date('Y-m-d H:i:s', time() + self::RULE_MINUTES * 60);
        $rule->quantity = 1;
        $rule->quantity_per_user = 1;
        $rule->partial_use = false;
        // After all discounts, for it is a payment.
        $rule->priority = 1000;
        $rule->reduction_amount = (float) Amounts::major($minor, $currency);
        $rule->reduction_tax = true;
        $rule->reduction_currency = (int) $cart->id_currency;
        $rule->active = true;
        if (!$rule->add() || !$cart->addCartRule((int) $rule->id)) {
            $this->giveUp();
            throw new ApiError(409, 'refused', 'The shop did not take the cart rule.');
        }
        $note = Store::spendingOfCart((int) $cart->id)['note'];
        Store::keepSpending((int) $cart->id, (int) $rule->id, $note);
    }

    /** Return the name of a basket's hold: it is made before there is an order. */
    private static function ref(int|string $cartId): string
    {
        return "cart-$cartId";
    }

    // ---- the order ----

    /** Note that what an order took is to be settled. */
    public static function noteOrder(Order $order): void
    {
        $found = [Store::spendingOfCart((int) $order->id_cart)];
        foreach ($order->getCartRules() as $row) {
            $found[] = Store::spendingOfRule((int) $row['id_cart_rule']);
        }
        foreach (array_unique(array_column(array_filter($found), 'cart')) as $cartId) {
            Due::note('settle', $cartId);
        }
    }

    /**
     * Capture, release or put back what a basket holds, as its orders stand. Returns whether nothing is left to be done.
     *
     * Raises ApiError when it may fare better later; a refusal for good is said in the orders.
     */
    public static function settle(int $cartId, int $now): bool
    {
        $known = Store::spendingOfCart($cartId);
        if ($known === null || !Settings::settles()) {
            return true;
        }
        $orders = Store::ordersOfRule($known['rule']);
        try {
            if ($known['note']['state'] === 'open') {
                return self::close($known, $orders, $now);
            } elseif ($known['note']['state'] === 'captured') {
                self::putBack($known, $orders);
            }
        } catch (ApiError $error) {
            if ($error->mayPass()) {
                throw $error;
            }
            self::refused($known, $orders, $error);
        }
        return true;
    }

    /**
     * Capture what the orders that stand took, and give the rest back; a basket that was not ordered is left alone.
     *
     * @param array{cart: int, rule: int, note: array<string, mixed>} $known
     * @param list<array{id_order: int, value: string, state: int}> $orders
     */
    private static function close(array $known, array $orders, int $now): bool
    {
        $orderedAt = Store::orderedAt($known['cart']);
        if ($orders === [] && $orderedAt > date('Y-m-d H:i:s', $now - self::PLACED_SECONDS)) {
            return false;
        }
        if ($orders === [] && $orderedAt === '') {
            return true;
        }
        $note = self::withParts($known, $orders);
        $standing = $note['amount_minor'] > 0 ? 'taken' : 'undone';
        $note = Settings::spending()->settle($note, self::ref($known['cart']), $standing);
        Store::keepSpending($known['cart'], $known['rule'], $note);
        if ($note['state'] === 'captured') {
            // An order may have been undone since.
            self::putBack(['note' => $note] + $known, $orders);
        }
        foreach ($orders as $order) {
            if ($note['parts'][$order['id_order']] === 0) {
                self::sayGone($order['id_order'], Amounts::minor($order['value'], $note['currency']), $note['currency']);
            }
        }
        return true;
    }

    /**
     * Return the note with what each order is to take. It is kept before it is asked for, so that an answer that is lost is
     * asked for again as it was.
     *
     * @param array{cart: int, rule: int, note: array<string, mixed>} $known
     * @param list<array{id_order: int, value: string, state: int}> $orders
     * @return array<string, mixed>
     */
    private static function withParts(array $known, array $orders): array
    {
        $note = $known['note'];
        if (isset($note['parts'])) {
            return $note;
        }
        $left = $note['amount_minor'];
        $note['parts'] = [];
        foreach ($orders as $order) {
            $value = self::isUndone($order['state']) ? 0 : Amounts::minor($order['value'], $note['currency']);
            $note['parts'][$order['id_order']] = min($value, $left);
            $left -= min($value, $left);
        }
        $note['amount_minor'] -= $left;
        Store::keepSpending($known['cart'], $known['rule'], $note);
        return $note;
    }

    /**
     * Put back what was captured for orders that are undone, each once.
     *
     * @param array{cart: int, rule: int, note: array<string, mixed>} $known
     * @param list<array{id_order: int, value: string, state: int}> $orders
     */
    private static function putBack(array $known, array $orders): void
    {
        $note = $known['note'];
        foreach ($orders as $order) {
            $captured = $note['parts'][$order['id_order']] ?? 0;
            if ($captured > 0 && self::isUndone($order['state'])) {
                $note = Settings::spending()->giveBack($note, "order-{$order['id_order']}/undone", $captured);
                Store::keepSpending($known['cart'], $known['rule'], $note);
                self::sayGone($order['id_order'], $captured, $note['currency']);
            }
        }
    }

    private static function sayGone(int $orderId, int $minor, string $currency): void
    {
        $amount = Amounts::major($minor, $currency) . ' ' . $currency;
        self::say($orderId, Texts::say(
            '%s went back to the customer’s cagnotte. If the order goes on after all, ask for it.',
            $amount
        ));
    }

    /** Write a sentence into the note of an order, once. */
    private static function say(int $orderId, string $sentence): void
    {
        $order = new Order($orderId);
        if (!str_contains((string) $order->note, $sentence)) {
            $order->note = trim($order->note . "\n" . $sentence);
            $order->update();
        }
    }

    /**
     * Say in the orders what could not be done.
     *
     * @param array{cart: int, rule: int, note: array<string, mixed>} $known
     * @param list<array{id_order: int, value: string, state: int}> $orders
     */
    private static function refused(array $known, array $orders, ApiError $error): void
    {
        $note = $known['note'];
        $amount = Amounts::major($note['amount_minor'], $note['currency']) . ' ' . $note['currency'];
        $said = Texts::say(
            $note['state'] === 'open'
                ? 'The cagnotte’s part, %1$s, could not be taken: %2$s Ask the customer for it.'
                : 'The cagnotte’s part, %1$s, could not be put back: %2$s',
            $amount,
            $error->getMessage()
        );
        foreach ($orders as $order) {
            self::say($order['id_order'], $said);
        }
        PrestaShopLogger::addLog("Cagnotte: basket {$known['cart']}: $said", 3);
    }

    /** Tell whether a state ends an order: cancelled, refunded, payment failed. Any other accepts it. */
    public static function isUndone(int $state): bool
    {
        foreach (['PS_OS_CANCELED', 'PS_OS_REFUND', 'PS_OS_ERROR'] as $name) {
            if ($state === (int) Configuration::get($name)) {
                return true;
            }
        }
        return false;
    }

    /** Write an amount as the shop writes prices to this visitor. */
    public static function shown(int $minor, Context $context): string
    {
        $currency = $context->currency->iso_code;
        return $context->getCurrentLocale()->formatPrice((float) Amounts::major($minor, $currency), $currency);
    }
}
