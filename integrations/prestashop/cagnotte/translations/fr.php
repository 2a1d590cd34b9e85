<?php
/** What the module says, in French, under the names by which PrestaShop looks for it. */

declare(strict_types=1);

global $_MODULE;
$_MODULE = [];
foreach (\Cagnotte\Shop\French::sentences() as $english => $french) {
    $_MODULE['<{cagnotte}prestashop>cagnotte_' . md5($english)] = $french;
}
