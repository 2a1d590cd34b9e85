<?php
/** Runs all tests of what the plugins share: php tests/run.php. */

declare(strict_types=1);

require __DIR__ . '/checks.php';
require __DIR__ . '/fake_cagnotte.php';
foreach (glob(__DIR__ . '/../lib/*.php') as $file) {
    require $file;
}
foreach (glob(__DIR__ . '/*_test.php') as $file) {
    require $file;
}
run_tests(static function (): void {
});
