<?php
/** Cagnotte's interface as far as a checkout asks: one member with a cagnotte, and holds on it. */

declare(strict_types=1);

final class FakeCagnotte
{
    public const KEY = 'cag_test_sk_1';

    public int $available = 2000;
    /** @var array<string, array{state: string, ref: string, amount: int, captured: int, refunds: array<string, int>}> */
    public array $holds = [];
    /** @var array<string, array{0: string, 1: string}> what each Idempotency-Key was answered, and to what */
    public array $answered = [];
    /** @var list<string> methods and paths, in order */
    public array $asked = [];
    /** How many of the next writing requests do their work and lose their answer. */
    public int $lost = 0;
    public bool $away = false;

    public function answer(string $method, string $url, array $headers, string $body): array
    {
        $path = substr($url, strlen('https://cagnotte.example'));
        $this->asked[] = "$method $path";
        if ($this->away) {
            return [0, ''];
        }
        if (($headers['Authorization'] ?? '') !== 'Bearer ' . self::KEY) {
            return self::problem(401, 'key_invalid');
        }
        $told = $body === '' ? [] : json_decode($body, true);
        if ($method === 'GET') {
            return $this->read($path);
        }
        $token = $headers['Idempotency-Key'];
        if (isset($this->answered[$token])) {
            [$for, $answer] = $this->answered[$token];
            return $for === $path . $body ? [200, $answer] : self::problem(422, 'idempotency_mismatch');
        }
        $found = $this->write($path, $told);
        if ($found[0] < 300) {
            $this->answered[$token] = [$path . $body, $found[1]];
        }
        if ($this->lost > 0) {
            $this->lost--;
            return [0, ''];
        }
        return $found;
    }

    private function read(string $path): array
    {
        if ($path === '/v1/members?ref=H1') {
            $member = ['id' => 'mem_1', 'ref' => 'H1', 'cagnotte_id' => 'wal_1', 'state' => 'open'];
            return self::told(['object' => 'list', 'data' => [$member]]);
        }
        if (str_starts_with($path, '/v1/members?')) {
            return self::told(['object' => 'list', 'data' => []]);
        }
        if ($path === '/v1/cagnottes/wal_1') {
            return self::told(['spendable' => ['amount_minor' => $this->available, 'currency' => 'EUR']]);
        }
        $id = basename($path);
        return isset($this->holds[$id]) ? $this->hold($id) : self::problem(404, 'not_found');
    }

    private function write(string $path, array $told): array
    {
        if ($path === '/v1/holds') {
            return $this->reserve($told);
        }
        [, , , $id, $step] = explode('/', $path);
        $hold = &$this->holds[$id];
        if ($step === 'refunds') {
            $minor = $told['amount']['amount_minor'];
            if (array_sum($hold['refunds']) + $minor > $hold['captured']) {
                return self::problem(409, 'refused');
            }
            $hold['refunds'][$told['refund_ref']] = $minor;
            $this->available += $minor;
            return $this->hold($id);
        }
        if ($hold['state'] !== 'open') {
            return self::problem(409, 'illegal_transition');
        }
        $hold['captured'] = $step === 'capture' ? $told['amount']['amount_minor'] : 0;
        $hold['state'] = $step === 'capture' ? 'captured' : 'released';
        $this->available += $hold['amount'] - $hold['captured'];
        return $this->hold($id);
    }

    private function reserve(array $told): array
    {
        $minor = $told['amount']['amount_minor'];
        foreach ($this->holds as $id => $hold) {
            if ($hold['ref'] === $told['order_ref']) {
                return $hold['amount'] === $minor ? $this->hold($id) : self::problem(409, 'conflict');
            }
        }
        if ($minor > $this->available) {
            return self::problem(409, 'insufficient_funds');
        }
        $this->available -= $minor;
        $id = 'hld_' . (count($this->holds) + 1);
        $this->holds[$id] = [
            'state' => 'open', 'ref' => $told['order_ref'], 'amount' => $minor, 'captured' => 0, 'refunds' => [],
        ];
        return $this->hold($id);
    }

    private function hold(string $id): array
    {
        $taken = $this->holds[$id]['captured'];
        return self::told([
            'id' => $id,
            'object' => 'hold',
            'state' => $this->holds[$id]['state'],
            'capture' => $taken > 0 ? ['amount' => ['amount_minor' => $taken, 'currency' => 'EUR']] : null,
        ]);
    }

    private static function told(array $content): array
    {
        return [200, json_encode($content)];
    }

    private static function problem(int $status, string $code): array
    {
        return [$status, json_encode(['status' => $status, 'code' => $code, 'detail' => "Refused: $code."])];
    }
}
