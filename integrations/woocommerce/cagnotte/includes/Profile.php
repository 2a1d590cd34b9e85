<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

/** The member number in a customer's profile; the shop's staff alone may write it, for it opens a cagnotte. */
final class Profile
{
    public static function register(): void
    {
        add_action('show_user_profile', [self::class, 'show']);
        add_action('edit_user_profile', [self::class, 'show']);
        add_action('personal_options_update', [self::class, 'save']);
        add_action('edit_user_profile_update', [self::class, 'save']);
    }

    public static function show(\WP_User $user): void
    {
        if (!current_user_can('manage_woocommerce')) {
            return;
        }
        $ref = (string) get_user_meta($user->ID, Clicks::MEMBER_META, true);
        echo '<h2>Cagnotte</h2><table class="form-table"><tr><th><label for="cagnotte_member">'
            . esc_html__('Member number', 'cagnotte') . '</label></th><td>'
            . '<input type="text" maxlength="100" id="cagnotte_member" name="cagnotte_member" value="'
            . esc_attr($ref) . '"></td></tr></table>';
    }

    /** WordPress has checked the form's nonce before. */
    public static function save(int $userId): void
    {
        if (current_user_can('manage_woocommerce') && isset($_POST['cagnotte_member'])) {
            $ref = substr(sanitize_text_field(wp_unslash($_POST['cagnotte_member'])), 0, 100);
            update_user_meta($userId, Clicks::MEMBER_META, $ref);
        }
    }
}
