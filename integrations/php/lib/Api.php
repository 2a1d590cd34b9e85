<?php
/**
 * The part of Cagnotte's interface /v1 that a checkout needs: a member's cagnotte, and holds on it.
 */

declare(strict_types=1);

namespace Cagnotte\Shop;

final class Api
{
    /** @var \Closure(string, string, array<string, string>, string): array{0: int, 1: string} */
    private \Closure $send;

    /**
     * @param string $address where Cagnotte is, such as https://cagnotte.example
     * @param string $key a secret key with the scopes members:read, cagnottes:read, holds:read and holds:write
     * @param callable $send takes method, address, headers and body; returns status and body, status 0 when there was
     *     no answer
     */
    public function __construct(
        private readonly string $address,
        #[\SensitiveParameter] private readonly string $key,
        callable $send,
    ) {
        $this->send = \Closure::fromCallable($send);
    }

    /**
     * Return the member of this number with the cagnotte, or null when there is none.
     *
     * @return array{id: string, cagnotte_id: string, state: string}|null
     */
    public function member(string $ref): ?array
    {
        $found = $this->call('GET', '/v1/members?' . http_build_query(['ref' => $ref]));
        foreach ($found['data'] ?? [] as $member) {
            if (($member['ref'] ?? null) === $ref) {
                return $member;
            }
        }
        return null;
    }

    /** Return what a cagnotte has to spend, in minor units; zero where it holds another currency. */
    public function spendable(string $cagnotteId, string $currency): int
    {
        $amount = $this->call('GET', '/v1/cagnottes/' . rawurlencode($cagnotteId))['spendable'] ?? [];
        return ($amount['currency'] ?? '') === $currency ? (int) ($amount['amount_minor'] ?? 0) : 0;
    }

    /**
     * Reserve money for an order.
     *
     * The same order and amount twice is one hold. Raises ApiError: too little is there, the shop's limits, …
     *
     * @param array{member_id: string, merchant: string, order_ref: string, amount_minor: int, currency: string,
     *     order_total_minor: int, minutes: int} $ask
     * @return array{id: string, state: string}
     */
    public function hold(array $ask): array
    {
        $body = [
            'member_id' => $ask['member_id'],
            'merchant' => $ask['merchant'],
            'order_ref' => $ask['order_ref'],
            'amount' => self::amount($ask['amount_minor'], $ask['currency']),
            'order_total' => self::amount($ask['order_total_minor'], $ask['currency']),
            'expires_in' => $ask['minutes'] * 60,
        ];
        $token = 'hold-' . $ask['merchant'] . '-' . $ask['order_ref'];
        return $this->call('POST', '/v1/holds', $body, $token);
    }

    /** Return how a hold stands: open, captured, released or expired. */
    public function state(string $holdId): string
    {
        $hold = $this->call('GET', '/v1/holds/' . rawurlencode($holdId));
        // A hold that expired may have been captured late.
        return isset($hold['capture']) ? 'captured' : (string) ($hold['state'] ?? '');
    }

    /** Spend what is held. */
    public function capture(string $holdId, int $minor, string $currency): void
    {
        $body = ['amount' => self::amount($minor, $currency)];
        $this->call('POST', self::path($holdId, 'capture'), $body, 'capture-' . $holdId);
    }

    /** Give a hold back unspent. */
    public function release(string $holdId): void
    {
        $this->call('POST', self::path($holdId, 'release'), null, 'release-' . $holdId);
    }

    /** Put back what an order took. The same $ref twice gives back once. */
    public function refund(string $holdId, string $ref, int $minor, string $currency): void
    {
        $body = ['refund_ref' => $ref, 'amount' => self::amount($minor, $currency)];
        $this->call('POST', self::path($holdId, 'refunds'), $body, 'refund-' . $holdId . '-' . $ref);
    }

    private static function path(string $holdId, string $step): string
    {
        return '/v1/holds/' . rawurlencode($holdId) . '/' . $step;
    }

    /** @return array{amount_minor: int, currency: string} */
    private static function amount(int $minor, string $currency): array
    {
        return ['amount_minor' => $minor, 'currency' => $currency];
    }

    /**
     * @param array<string, mixed>|null $body
     * @return array<string, mixed>
     */
    private function call(string $method, string $path, ?array $body = null, string $token = ''): array
    {
        $headers = ['Authorization' => 'Bearer ' . $this->key, 'Accept' => 'application/json'];
        if ($body !== null) {
            $headers['Content-Type'] = 'application/json';
        }
        if ($token !== '') {
            // A digest has a length that is always taken, whatever the order's number looks like.
            $headers['Idempotency-Key'] = hash('sha256', $token . "\x1f" . json_encode($body));
        }
        [$status, $answer] = ($this->send)(
            $method,
            rtrim($this->address, '/') . $path,
            $headers,
            $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE)
        );
        $told = json_decode($answer, true);
        if ($status >= 200 && $status < 300 && is_array($told)) {
            return $told;
        }
        $told = is_array($told) ? $told : [];
        throw new ApiError(
            $status >= 200 && $status < 300 ? 502 : $status,
            (string) ($told['code'] ?? 'no_answer'),
            (string) ($told['detail'] ?? 'Cagnotte does not answer.')
        );
    }
}
