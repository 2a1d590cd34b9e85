<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Cagnotte\Shop\Api;
use Cagnotte\Shop\Spending;
use Cagnotte\Shop\Typed;
use Configuration;

/** What the shopkeeper filled in under Module Manager → Cagnotte → Configure. */
final class Settings
{
    /** Kinds: text, secret (shown never again; empty = it stays), switch. Name → kind and what is asked. */
    public const ALL = [
        'INBOX_URL' => ['text', 'Address for orders: what “cagnotte sources address” prints'],
        'WEBHOOK_SECRET' => ['secret', 'Secret for orders: the same as the source’s webhook_secret'],
        'CLICK_DAYS' => ['text', 'Days a click is kept'],
        'SEND_EMAIL' => ['switch', 'Tell e-mail addresses; ask your customers for consent first'],
        'API_URL' => ['text', 'Address of Cagnotte, such as https://cagnotte.example'],
        'MERCHANT' => ['text', 'Your shop’s ref in the programme'],
        'SPENDING' => ['switch', 'Members may pay with their cagnotte'],
        'API_KEY' => [
            'secret', 'Secret key, with the scopes members:read, cagnottes:read, holds:read, holds:write',
        ],
        'PUBLISHABLE_KEY' => ['text', 'Publishable key, made for the address of this shop; empty: no badge'],
    ];

    /** Drawn when the module is installed: who knows it may have what waits done. */
    public const CRON_TOKEN = 'CRON_TOKEN';

    /** Money is kept from members no longer than a checkout takes. */
    public const HOLD_MINUTES = 120;

    public static function get(string $name): string
    {
        return trim((string) Configuration::get('CAGNOTTE_' . $name));
    }

    public static function keep(string $name, string $value): void
    {
        Configuration::updateValue('CAGNOTTE_' . $name, $value);
    }

    public static function isOn(string $name): bool
    {
        return self::get($name) === '1';
    }

    public static function install(): bool
    {
        self::keep('CLICK_DAYS', '30');
        self::keep(self::CRON_TOKEN, bin2hex(random_bytes(16)));
        return true;
    }

    public static function forget(): void
    {
        foreach ([...array_keys(self::ALL), self::CRON_TOKEN] as $name) {
            Configuration::deleteByName('CAGNOTTE_' . $name);
        }
    }

    public static function clickDays(): int
    {
        return max(1, min(365, (int) self::get('CLICK_DAYS')));
    }

    /** Tell whether orders can be told: where to, and signed by what. */
    public static function tells(): bool
    {
        return self::get('INBOX_URL') !== '' && self::get('WEBHOOK_SECRET') !== '';
    }

    /** Tell whether holds can be settled, also after the checkout has stopped to offer the cagnotte. */
    public static function settles(): bool
    {
        return self::get('API_URL') !== '' && self::get('API_KEY') !== '' && self::get('MERCHANT') !== '';
    }

    public static function spends(): bool
    {
        return self::isOn('SPENDING') && self::settles();
    }

    public static function showsBadge(): bool
    {
        return self::get('API_URL') !== '' && self::get('PUBLISHABLE_KEY') !== '';
    }

    public static function api(): Api
    {
        return new Api(self::get('API_URL'), self::get('API_KEY'), [Http::class, 'send']);
    }

    public static function spending(): Spending
    {
        return new Spending(self::api(), self::get('MERCHANT'), self::HOLD_MINUTES);
    }

    /**
     * Return what is wrong with settings as typed, or nothing.
     *
     * @param array<string, string> $given by name
     */
    public static function wrong(array $given): string
    {
        if (!preg_match('/^[1-9]\d{0,2}$/D', $given['CLICK_DAYS'])) {
            return Texts::say('The days must be a number from 1 to 999.');
        }
        foreach (['INBOX_URL', 'API_URL'] as $name) {
            if ($given[$name] !== '' && !Typed::isAddress($given[$name])) {
                return Texts::say('An address must begin with https://.');
            }
        }
        if ($given['PUBLISHABLE_KEY'] !== '' && !Typed::isPublishableKey($given['PUBLISHABLE_KEY'])) {
            return Texts::say('This is no publishable key: every visitor would read it.');
        }
        if ($given['API_KEY'] !== '' && !Typed::isSecretKey($given['API_KEY'])) {
            return Texts::say('The secret key begins with cag_live_sk_ or cag_test_sk_.');
        }
        return '';
    }
}
