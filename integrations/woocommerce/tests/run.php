<?php
/** Runs all tests of the plugin: php tests/run.php. Needs no shop. */

declare(strict_types=1);

require __DIR__ . '/stubs.php';
require __DIR__ . '/../../php/tests/checks.php';
require __DIR__ . '/../../php/tests/fake_cagnotte.php';
require __DIR__ . '/orders.php';
require __DIR__ . '/checkout.php';
require __DIR__ . '/../cagnotte/cagnotte.php';
foreach (glob(__DIR__ . '/*_test.php') as $file) {
    require $file;
}
run_tests(static function (): void {
    Shop::open(SETTINGS);
});
