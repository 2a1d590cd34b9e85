<?php

declare(strict_types=1);

use Cagnotte\PrestaShop\Due;
use Cagnotte\PrestaShop\Settings;

/** Does what waits: called by the machine's cron, with the token of the settings page. */
class CagnotteCronModuleFrontController extends ModuleFrontController
{
    private const AT_MOST = 200;

    public function postProcess(): void
    {
        $token = Tools::getValue('token');
        $right = Settings::get(Settings::CRON_TOKEN);
        if (!is_string($token) || $right === '' || !hash_equals($right, $token)) {
            http_response_code(403);
            exit('403');
        }
        header('Content-Type: text/plain');
        exit('done: ' . Due::work(time(), self::AT_MOST));
    }
}
