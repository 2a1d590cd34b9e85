<?php
/** Runs all tests of the module: php tests/run.php. Needs no shop. */

declare(strict_types=1);

require __DIR__ . '/stubs.php';
require __DIR__ . '/checks.php';
require __DIR__ . '/../cagnotte/cagnotte.php';
require __DIR__ . '/module_test.php';
run_tests(static function (): void {
    Configuration::$kept = Tools::$sent = $_COOKIE = $_GET = [];
});
