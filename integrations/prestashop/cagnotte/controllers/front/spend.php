<?php

declare(strict_types=1);

use Cagnotte\PrestaShop\Checkout;
use Cagnotte\PrestaShop\Settings;
use Cagnotte\PrestaShop\Texts;

/** Where the field “Pay with your cagnotte” is sent to; leads back to where it stood. */
class CagnotteSpendModuleFrontController extends ModuleFrontController
{
    public function postProcess(): void
    {
        if (!$this->isTokenValid()) {
            $this->errors[] = Texts::say('The page was too old. Try again.');
        } elseif (Settings::spends()) {
            $typed = Tools::getValue('cagnotte_amount');
            $said = (new Checkout($this->context))->choose(is_string($typed) ? $typed : '');
            if ($said !== '') {
                $this->errors[] = $said;
            }
        }
        $back = Tools::getValue('back') === 'cart'
            ? $this->context->link->getPageLink('cart', true, null, ['action' => 'show'])
            : $this->context->link->getPageLink('order', true);
        $this->redirectWithNotifications($back);
    }
}
