<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Amounts;
use Cagnotte\Shop\ApiError;
use Cagnotte\Shop\Pauses;
use Cagnotte\Shop\Spending;

/**
 * Paying with the cagnotte at the checkout: the member says how much, the order's total falls by it, the money is held
 * when the order is placed and taken when the shop accepts it.
 *
 * It is a payment, not a discount: articles and their taxes stay as they are. The classic checkout is served.
 */
final class Checkout
{
    public const FIELD = 'cagnotte_amount';
    public const NOTE = '_cagnotte_spending';

    /** The order's field with the part that the cagnotte pays, in major units; the source `woocommerce` reads it. */
    public const PAID = 'cagnotte_paid';
    public const ACTION = 'cagnotte_settle';

    /** Seconds for which a balance that was read is shown; the hold is decided by Cagnotte in any case. */
    private const FRESH_SECONDS = 60;

    public static function register(): void
    {
        add_action('woocommerce_review_order_before_payment', [self::class, 'field']);
        add_action('woocommerce_checkout_update_order_review', [self::class, 'reviewed']);
        add_action('woocommerce_checkout_process', [self::class, 'posted']);
        add_filter('woocommerce_calculated_total', [self::class, 'total'], 50, 1);
        add_action('woocommerce_review_order_before_order_total', [self::class, 'row']);
        add_action('woocommerce_after_checkout_validation', [self::class, 'validate'], 10, 2);
        add_action('woocommerce_checkout_order_processed', [self::class, 'reserve'], 10, 3);
    }

    public static function registerSettling(): void
    {
        add_action('woocommerce_order_after_calculate_totals', [self::class, 'recalculated'], 10, 2);
        add_action('woocommerce_order_status_changed', [self::class, 'changed'], 10, 1);
        add_filter('woocommerce_get_order_item_totals', [self::class, 'totals'], 10, 2);
        add_action(self::ACTION, [self::class, 'settle'], 10, 2);
    }

    // ---- before the order ----

    /** Show the field in which the member says how much. */
    public static function field(): void
    {
        $purse = self::purse();
        if ($purse === null || $purse['spendable'] <= 0) {
            return;
        }
        $currency = get_woocommerce_currency();
        $asked = self::asked();
        $there = wp_strip_all_tags(wc_price((float) Amounts::major($purse['spendable'], $currency)));
        echo '<div class="cagnotte-pay">';
        woocommerce_form_field(self::FIELD, [
            'type' => 'text',
            'label' => __('Pay with your cagnotte', 'cagnotte'),
            /* translators: %s: amount */
            'description' => sprintf(__('You have %s. Type how much this order may take.', 'cagnotte'), $there),
            'class' => ['form-row-wide', 'update_totals_on_change'],
            'custom_attributes' => ['inputmode' => 'decimal', 'autocomplete' => 'off'],
        ], $asked > 0 ? Amounts::major($asked, $currency) : '');
        echo '</div>';
    }

    /** Read the field when the page asks for new totals. */
    public static function reviewed(mixed $form): void
    {
        parse_str(is_string($form) ? $form : '', $fields);
        self::ask($fields[self::FIELD] ?? '');
    }

    /** Read the field when the order is sent; what cannot be read stops the order with a sentence. */
    public static function posted(): void
    {
        if (!self::ask(wp_unslash($_POST[self::FIELD] ?? ''))) {
            wc_add_notice(__('Type an amount such as 12.50 for your cagnotte, or leave it empty.', 'cagnotte'), 'error');
        }
    }

    /** Keep how much is asked for; tell whether it could be read. Nothing is kept of what could not. */
    private static function ask(mixed $typed): bool
    {
        $typed = is_string($typed) ? trim($typed) : '';
        $minor = $typed === '' ? 0 : Amounts::typed($typed, get_woocommerce_currency());
        WC()->session?->set('cagnotte_asked', $minor ?? 0);
        return $minor !== null;
    }

    private static function asked(): int
    {
        return (int) (WC()->session?->get('cagnotte_asked') ?? 0);
    }

    /** Take the cagnotte's part off the total of the basket. */
    public static function total(mixed $total): mixed
    {
        $currency = get_woocommerce_currency();
        $asked = self::asked();
        $purse = $asked > 0 ? self::purse() : null;
        $whole = Amounts::minor($total, $currency);
        $share = $purse === null ? 0 : Spending::share($asked, $purse['spendable'], $whole);
        WC()->session?->set('cagnotte_share', $share);
        WC()->session?->set('cagnotte_whole', $whole);
        return $share > 0 ? Amounts::major($whole - $share, $currency) : $total;
    }

    /** Show the cagnotte's part above the total. */
    public static function row(): void
    {
        $share = (int) (WC()->session?->get('cagnotte_share') ?? 0);
        WC()->session?->set('cagnotte_shown', $share);
        if ($share > 0) {
            $amount = wc_price(-1 * (float) Amounts::major($share, get_woocommerce_currency()));
            echo '<tr class="cagnotte"><th>' . esc_html__('Cagnotte', 'cagnotte') . '</th><td>'
                . wp_kses_post($amount) . '</td></tr>';
        }
    }

    /** Refuse an order whose total is no longer the one that the customer saw. */
    public static function validate(mixed $data, \WP_Error $errors): void
    {
        $share = (int) (WC()->session?->get('cagnotte_share') ?? 0);
        $shown = (int) (WC()->session?->get('cagnotte_shown') ?? 0);
        if ($share !== $shown) {
            WC()->session?->set('refresh_totals', true);
            $errors->add('cagnotte', __('Your cagnotte has changed. Look at the new total and order again.', 'cagnotte'));
        }
    }

    /**
     * Return the cagnotte of the customer who is signed in, or null: none, or it cannot be asked now.
     *
     * @return array{member: string, spendable: int}|null
     */
    private static function purse(): ?array
    {
        $userId = get_current_user_id();
        $ref = $userId > 0 ? Clicks::memberOf($userId) : '';
        if ($ref === '' || !WC()->session) {
            return null;
        }
        $known = WC()->session->get('cagnotte_purse');
        if (is_array($known) && $known['ref'] === $ref && $known['at'] > time() - self::FRESH_SECONDS) {
            return $known['purse'];
        }
        try {
            $api = Settings::api();
            $member = $api->member($ref);
            $purse = $member === null || $member['state'] !== 'open' ? null : [
                'member' => $member['id'],
                'spendable' => $api->spendable($member['cagnotte_id'], get_woocommerce_currency()),
            ];
        } catch (ApiError $error) {
            wc_get_logger()->warning($error->getMessage(), ['source' => 'cagnotte']);
            $purse = null;
        }
        WC()->session->set('cagnotte_purse', ['ref' => $ref, 'at' => time(), 'purse' => $purse]);
        return $purse;
    }

    // ---- the order ----

    /**
     * Hold the money when an order is placed, before it is paid.
     *
     * Raises Exception with a sentence for the customer, which WooCommerce shows; the order is then not paid.
     */
    public static function reserve(int $orderId, mixed $posted, \WC_Order $order): void
    {
        $share = (int) (WC()->session?->get('cagnotte_share') ?? 0);
        $note = self::note($order);
        if ($share <= 0 && $note === null) {
            return;
        }
        $purse = $share > 0 ? self::purse() : null;
        try {
            if ($share > 0 && $purse === null) {
                throw new ApiError(0, 'no_answer', 'Cagnotte does not answer.');
            }
            Settings::spending()->reserve($note, [
                'order' => (string) $orderId,
                'member' => $purse['member'] ?? '',
                'amount_minor' => $share,
                'total_minor' => (int) WC()->session?->get('cagnotte_whole'),
                'currency' => $order->get_currency(),
            ], fn (array $kept) => self::keep($order, $kept));
        } catch (ApiError $error) {
            wc_get_logger()->warning("Order $orderId: {$error->getMessage()}", ['source' => 'cagnotte']);
            WC()->session?->set('cagnotte_asked', 0);
            WC()->session?->set('cagnotte_purse', null);
            WC()->session?->set('refresh_totals', true);
            if ((self::note($order)['state'] ?? '') !== 'open') {
                // Nothing is held, so the order must not be paid later at the lower total.
                $order->set_total(Amounts::major((int) WC()->session?->get('cagnotte_whole'), $order->get_currency()));
                $order->save();
            }
            throw new \Exception(esc_html(self::sentence($error)));
        }
        WC()->session?->set('cagnotte_asked', 0);
        WC()->session?->set('cagnotte_share', 0);
        WC()->session?->set('cagnotte_purse', null);
    }

    private static function sentence(ApiError $error): string
    {
        return $error->mayPass()
            ? __('Your cagnotte cannot be reached now. Try again, or order without it.', 'cagnotte')
            : __('Your cagnotte cannot pay this amount. Look at the new total and order again.', 'cagnotte');
    }

    /** Keep the cagnotte's part off the total when the shop computes an order anew. */
    public static function recalculated(mixed $taxes, \WC_Order $order): void
    {
        $note = self::note($order);
        if ($note !== null && $note['state'] !== 'released') {
            $whole = Amounts::minor($order->get_total(), $note['currency']);
            $order->set_total(Amounts::major(max(0, $whole - $note['amount_minor']), $note['currency']));
        }
    }

    /** Settle an order whose status changed. */
    public static function changed(int $orderId): void
    {
        self::settle($orderId, 0);
    }

    /** Take, release or put back the cagnotte's part as the order stands; if Cagnotte is away, try again later. */
    public static function settle(int $orderId, int $tries = 0): void
    {
        $order = wc_get_order($orderId);
        $note = $order instanceof \WC_Order ? self::note($order) : null;
        $standing = $note === null ? '' : self::standing($order->get_status());
        if ($note === null || Spending::step($note, $standing) === '') {
            return;
        }
        try {
            self::settled($order, Settings::spending()->settle($note, (string) $orderId, $standing));
        } catch (ApiError $error) {
            if ($error->mayPass() && isset(Pauses::SECONDS[$tries])) {
                $at = time() + Pauses::SECONDS[$tries];
                as_schedule_single_action($at, self::ACTION, [$orderId, $tries + 1], Teller::GROUP);
                return;
            }
            self::refused($order, $note, $standing, $error);
        }
    }

    /**
     * Keep what was done. What was released is due again if the order is paid after all, as after a failed card.
     *
     * @param array<string, mixed> $note
     */
    private static function settled(\WC_Order $order, array $note): void
    {
        $amount = Amounts::major($note['amount_minor'], $note['currency']);
        if ($note['state'] === 'released') {
            $whole = Amounts::minor($order->get_total(), $note['currency']) + $note['amount_minor'];
            $order->set_total(Amounts::major($whole, $note['currency']));
        }
        if ($note['state'] === 'refunded') {
            $order->add_order_note(sprintf(
                /* translators: %s: amount */
                __('%s went back to the customer’s cagnotte. If the order goes on after all, ask for it.', 'cagnotte'),
                $amount . ' ' . $note['currency']
            ));
        }
        self::keep($order, $note);
    }

    /**
     * Tell what a status says: taken, undone or open.
     *
     * An order that waits for a transfer (on-hold) counts as taken: the hold would not last as long.
     */
    public static function standing(string $status): string
    {
        return match ($status) {
            'on-hold', 'processing', 'completed' => 'taken',
            'cancelled', 'failed', 'refunded', 'trash' => 'undone',
            default => 'open',
        };
    }

    /**
     * Say in the order what could not be done; an order whose part was not taken waits for a person.
     *
     * @param array<string, mixed> $note
     */
    private static function refused(\WC_Order $order, array $note, string $standing, ApiError $error): void
    {
        $amount = Amounts::major($note['amount_minor'], $note['currency']) . ' ' . $note['currency'];
        $order->add_order_note(sprintf(
            $standing === 'taken'
                /* translators: 1: amount, 2: reason */
                ? __('The cagnotte’s part, %1$s, could not be taken: %2$s Ask the customer for it.', 'cagnotte')
                /* translators: 1: amount, 2: reason */
                : __('The cagnotte’s part, %1$s, could not be put back: %2$s', 'cagnotte'),
            $amount,
            $error->getMessage()
        ));
        if ($standing === 'taken' && $order->get_status() === 'processing') {
            $order->update_status('on-hold');
        }
    }

    /**
     * Show the cagnotte's part among the totals of an order, in its page and its e-mails.
     *
     * @param array<string, array{label: string, value: string}> $rows
     * @return array<string, array{label: string, value: string}>
     */
    public static function totals(array $rows, \WC_Order $order): array
    {
        $note = self::note($order);
        if ($note === null || $note['state'] === 'released') {
            return $rows;
        }
        $paid = wc_price(-1 * (float) Amounts::major($note['amount_minor'], $note['currency']), [
            'currency' => $note['currency'],
        ]);
        $row = ['cagnotte' => ['label' => __('Cagnotte', 'cagnotte') . ':', 'value' => $paid]];
        $at = array_search('order_total', array_keys($rows), true);
        $at = $at === false ? count($rows) : $at;
        return array_slice($rows, 0, $at, true) + $row + array_slice($rows, $at, null, true);
    }

    /** @return array<string, mixed>|null */
    private static function note(\WC_Order $order): ?array
    {
        $note = $order->get_meta(self::NOTE);
        return is_array($note) && isset($note['hold'], $note['state']) ? $note : null;
    }

    /** @param array<string, mixed> $note */
    private static function keep(\WC_Order $order, array $note): void
    {
        $order->update_meta_data(self::NOTE, $note);
        $paid = Spending::paid($note);
        $order->update_meta_data(self::PAID, $paid > 0 ? Amounts::major($paid, $note['currency']) : '');
        $order->save();
    }
}
