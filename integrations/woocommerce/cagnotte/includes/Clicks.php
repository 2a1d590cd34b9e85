<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

use Cagnotte\Shop\Clicks as Click;

/** Keeps the click that brought a customer, and writes it, with the member's number, into the order. */
final class Clicks
{
    public const MEMBER_META = 'cagnotte_member';

    public static function register(): void
    {
        add_action('init', [self::class, 'keep']);
        add_action('woocommerce_checkout_create_order', [self::class, 'write'], 10, 1);
        // The checkout made of blocks.
        add_action('woocommerce_store_api_checkout_update_order_meta', [self::class, 'writeAndSave'], 10, 1);
    }

    /** Put the click of the address into the cookie. */
    public static function keep(): void
    {
        $click = Click::read($_GET[Click::NAME] ?? '');
        if ($click === '' || headers_sent()) {
            return;
        }
        $path = defined('COOKIEPATH') && COOKIEPATH !== '' ? COOKIEPATH : '/';
        setcookie(Click::NAME, $click, Click::cookie(time(), Settings::clickDays(), is_ssl(), $path));
        $_COOKIE[Click::NAME] = $click;
    }

    /** Write into an order that is being placed which click led to it, and which member places it. */
    public static function write(\WC_Order $order): void
    {
        $click = Click::read($_COOKIE[Click::NAME] ?? '');
        if ($click !== '') {
            $order->update_meta_data(Click::NAME, $click);
        }
        $member = self::memberOf((int) $order->get_customer_id());
        if ($member !== '') {
            $order->update_meta_data(OrderContent::MEMBER, $member);
        }
    }

    public static function writeAndSave(\WC_Order $order): void
    {
        self::write($order);
        $order->save();
    }

    /**
     * Return the member number of a customer of the shop, or nothing.
     *
     * It stands in the customer's profile, or another plugin gives it. Never by e-mail address: whoever opens an account
     * with somebody else's would spend their cagnotte.
     */
    public static function memberOf(int $userId): string
    {
        $ref = $userId > 0 ? get_user_meta($userId, self::MEMBER_META, true) : '';
        return (string) apply_filters('cagnotte_member_ref', is_string($ref) ? $ref : '', $userId);
    }
}
