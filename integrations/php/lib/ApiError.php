<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/**
 * Cagnotte refused, or could not be reached.
 *
 * status: of the answer; 0 when there was none. errorCode: the problem's stable code, such as insufficient_funds.
 */
final class ApiError extends \RuntimeException
{
    public function __construct(
        public readonly int $status,
        public readonly string $errorCode,
        string $sentence,
    ) {
        parent::__construct($sentence);
    }

    /** Tell whether the same request may fare better later. */
    public function mayPass(): bool
    {
        return $this->status === 0 || $this->status === 429 || $this->status >= 500
            || $this->errorCode === 'idempotency_in_flight';
    }
}
