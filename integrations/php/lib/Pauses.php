<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/** How long to wait before what Cagnotte did not take is tried again. */
final class Pauses
{
    /** Seconds after each try; after the last a person is told, or a poll finds it. */
    public const SECONDS = [60, 300, 1800, 7200, 21600, 43200, 86400, 172800];
}
