<?php
/** A test is a function of the namespace Tests; same() compares exactly. Exits with 1 when one fails. */

declare(strict_types=1);

set_error_handler(static function (int $level, string $text, string $file, int $line): never {
    throw new ErrorException($text, 0, $level, $file, $line);
});

function same(mixed $expected, mixed $found): void
{
    if ($expected !== $found) {
        throw new AssertionError('expected ' . var_export($expected, true) . "\nfound " . var_export($found, true));
    }
}

/** Call, and return what was thrown; fail when nothing was. */
function thrown(callable $call): Throwable
{
    try {
        $call();
    } catch (Throwable $error) {
        return $error;
    }
    throw new AssertionError('nothing was thrown');
}

function run_tests(callable $before): never
{
    $failed = $count = 0;
    foreach (get_defined_functions()['user'] as $name) {
        if (!str_starts_with($name, 'tests\\')) {
            continue;
        }
        $count++;
        try {
            $before();
            $name();
            echo 'ok   ', str_replace('_', ' ', substr($name, 6)), "\n";
        } catch (Throwable $error) {
            $failed++;
            echo 'FAIL ', substr($name, 6), "\n  ", get_class($error), ': ', $error->getMessage(), "\n  ",
                $error->getTraceAsString(), "\n";
        }
    }
    echo "$count tests, $failed failed\n";
    exit($failed === 0 && $count > 0 ? 0 : 1);
}
