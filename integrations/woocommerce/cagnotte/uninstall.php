<?php
/** Forgets the settings when the plugin is deleted; what orders keep stays with them. */

declare(strict_types=1);

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

delete_option('woocommerce_cagnotte_settings');
delete_option('cagnotte_untold_orders');
