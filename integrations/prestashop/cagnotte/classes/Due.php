<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

use Cagnotte\Shop\ApiError;
use Cagnotte\Shop\Pauses;
use PrestaShopLogger;

/**
 * What is to be done after a request, and again when it failed: `tell` of an order, `settle` what a basket holds.
 *
 * A change is noted in the request that makes it, and worked on when the page has been sent. What failed waits in a
 * table, with longer pauses, for the next request that changes an order or for the shop's cron.
 */
final class Due
{
    /** How much of what waits a customer's request takes along. */
    private const AT_ONCE = 10;

    /** Seconds for which work that was begun is left to who began it. */
    private const CLAIMED_SECONDS = 60;

    /** @var array<string, array{0: string, 1: int, 2: string}> what this request noted: kind, number, mark */
    private static array $noted = [];

    /** Note that something is to be done when this request is over: until then others leave it alone, for it is half done. */
    public static function note(string $kind, int $number): void
    {
        if ($number <= 0) {
            return;
        }
        if (self::$noted === []) {
            register_shutdown_function([self::class, 'afterwards']);
        }
        $mark = Store::keepDue($kind, $number, time() + self::CLAIMED_SECONDS);
        self::$noted["$kind/$number"] = [$kind, $number, $mark];
    }

    /** Work when the page has been sent; its reader waits no longer where PHP runs as FPM. */
    public static function afterwards(): void
    {
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        $noted = self::$noted;
        self::$noted = [];
        foreach ($noted as [$kind, $number, $mark]) {
            self::one($kind, $number, $mark, 0, time());
        }
        self::work(time(), self::AT_ONCE);
    }

    /** Do what is due. Returns how much was done. */
    public static function work(int $now, int $limit): int
    {
        $done = 0;
        foreach (Store::due($now, $limit) as $row) {
            [$kind, $number, $tries] = [(string) $row['kind'], (int) $row['number'], (int) $row['tries']];
            $mark = Store::keepDue($kind, $number, $now + self::CLAIMED_SECONDS, $tries);
            $done += (int) self::one($kind, $number, $mark, $tries, $now);
        }
        return $done;
    }

    /** Do one thing; if that fails, plan the next try. Returns whether it was done. */
    private static function one(string $kind, int $number, string $mark, int $tries, int $now): bool
    {
        try {
            $done = $kind === 'tell' ? Teller::tell($number) : Checkout::settle($number, $now);
            $why = 'not taken yet';
        } catch (ApiError $error) {
            [$done, $why] = [false, $error->getMessage()];
        } catch (\Throwable $error) {
            // Whatever is wrong with one order, the others are worked on.
            [$done, $why] = [false, get_class($error) . ': ' . $error->getMessage()];
        }
        if ($done) {
            Store::done($kind, $number, $mark);
            return true;
        }
        $failed = !isset(Pauses::SECONDS[$tries]);
        Store::postpone($kind, $number, $mark, $now + (Pauses::SECONDS[$tries] ?? 0), $tries + 1, $failed);
        self::log($kind, $number, $failed, $why);
        return false;
    }

    private static function log(string $kind, int $number, bool $failed, string $why): void
    {
        $what = $kind === 'tell' ? "Order $number" : "What basket $number holds";
        PrestaShopLogger::addLog("Cagnotte: $what " . ($failed ? 'was given up' : 'waits') . ": $why", $failed ? 3 : 2);
    }
}
