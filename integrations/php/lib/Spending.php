<?php
/**
 * What a checkout does with the cagnotte: hold, then capture or release; put back when the order is undone.
 *
 * What was done for an order is kept with the order, in a note of these fields: hold (its id), amount_minor, currency,
 * state (open, captured, released, refunded), member, attempt, and back (what was put back, by its name). Each step may be asked for twice, or at the same time by two
 * processes: Cagnotte does it once.
 */

declare(strict_types=1);

namespace Cagnotte\Shop;

final class Spending
{
    /** How long an order may wait for its payment; the longest that Cagnotte holds. */
    public const HOLD_MINUTES = 1440;

    public function __construct(
        private readonly Api $api,
        private readonly string $merchant,
        private readonly int $holdMinutes = self::HOLD_MINUTES,
    ) {
    }

    /** Return how much of an order the cagnotte pays: never more than was asked for, than is there, or than it costs. */
    public static function share(int $askedMinor, int $spendableMinor, int $totalMinor): int
    {
        return max(0, min($askedMinor, $spendableMinor, $totalMinor));
    }

    /**
     * Reserve money for an order before it is paid. Raises ApiError; then nothing more is reserved than the note says.
     *
     * An order whose payment failed comes again, perhaps with another amount: what was held for it is given back
     * first, and the new hold has a name of its own.
     *
     * @param array<string, mixed>|null $note what was kept with the order before
     * @param array{order: string, member: string, amount_minor: int, total_minor: int, currency: string} $ask
     * @param callable(array<string, mixed>): void $keep keeps the note, after each step
     */
    public function reserve(?array $note, array $ask, callable $keep): void
    {
        $state = $note['state'] ?? '';
        $same = $note !== null && $note['amount_minor'] === $ask['amount_minor'] && $note['member'] === $ask['member'];
        if ($state === 'captured' || ($state === 'open' && $same)) {
            return;
        }
        if ($state === 'open') {
            $note = $this->settle($note, $ask['order'], 'undone');
            $keep($note);
        }
        if ($ask['amount_minor'] <= 0) {
            return;
        }
        $attempt = ($note['attempt'] ?? 0) + 1;
        $held = $this->api->hold([
            'member_id' => $ask['member'],
            'merchant' => $this->merchant,
            'order_ref' => $attempt === 1 ? $ask['order'] : $ask['order'] . '/' . $attempt,
            'amount_minor' => $ask['amount_minor'],
            'currency' => $ask['currency'],
            'order_total_minor' => $ask['total_minor'],
            'minutes' => $this->holdMinutes,
        ]);
        $keep([
            'hold' => $held['id'],
            'member' => $ask['member'],
            'amount_minor' => $ask['amount_minor'],
            'currency' => $ask['currency'],
            'state' => 'open',
            'attempt' => $attempt,
        ]);
    }

    /**
     * Return the step that an order's standing asks for: capture, release, refund, or none.
     *
     * @param array<string, mixed> $note
     * @param string $standing taken (paid, or accepted by the shop), undone (cancelled, failed, refunded) or open
     */
    public static function step(array $note, string $standing): string
    {
        return match ([$note['state'], $standing]) {
            ['open', 'taken'] => 'capture',
            ['open', 'undone'] => 'release',
            ['captured', 'undone'] => 'refund',
            default => '',
        };
    }

    /**
     * Do the step that an order's standing asks for. Raises ApiError; then the note stands, and the step is still due.
     *
     * A refusal may mean that the step was done before and the shop could not note it, so the hold is looked at.
     *
     * @param array<string, mixed> $note
     * @return array<string, mixed> the note to keep
     */
    public function settle(array $note, string $order, string $standing): array
    {
        $step = self::step($note, $standing);
        try {
            return $this->take($note, $order, $step);
        } catch (ApiError $refused) {
            $found = $refused->status === 409 && $step !== 'refund' ? $this->api->state($note['hold']) : '';
            if ($found === 'captured') {
                return $this->settle(['state' => 'captured'] + $note, $order, $standing);
            }
            if ($step === 'release' && in_array($found, ['released', 'expired'], true)) {
                return ['state' => 'released'] + $note;
            }
            throw $refused;
        }
    }

    /**
     * @param array<string, mixed> $note
     * @return array<string, mixed>
     */
    private function take(array $note, string $order, string $step): array
    {
        switch ($step) {
            case 'capture':
                $this->api->capture($note['hold'], $note['amount_minor'], $note['currency']);
                return ['state' => 'captured'] + $note;
            case 'release':
                $this->api->release($note['hold']);
                return ['state' => 'released'] + $note;
            case 'refund':
                return $this->giveBack($note, "$order/undone", self::paid($note));
        }
        return $note;
    }

    /**
     * Put back a part of what an order took. The same $ref twice gives back once. Raises ApiError.
     *
     * @param array<string, mixed> $note
     * @return array<string, mixed> the note to keep
     */
    public function giveBack(array $note, string $ref, int $minor): array
    {
        if ($minor <= 0 || isset($note['back'][$ref])) {
            return $note;
        }
        $this->api->refund($note['hold'], $ref, $minor, $note['currency']);
        $note['back'][$ref] = $minor;
        return self::paid($note) > 0 ? $note : ['state' => 'refunded'] + $note;
    }

    /**
     * Return what of an order the cagnotte pays as it stands, in minor units.
     *
     * @param array<string, mixed> $note
     */
    public static function paid(array $note): int
    {
        return match ($note['state']) {
            'open', 'captured' => max(0, $note['amount_minor'] - array_sum($note['back'] ?? [])),
            default => 0,
        };
    }
}
