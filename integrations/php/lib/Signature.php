<?php

declare(strict_types=1);

namespace Cagnotte\Shop;

/** Signatures of what a shop sends. */
final class Signature
{
    /** Return HMAC-SHA256 under a secret, in base64. */
    public static function of(string $content, #[\SensitiveParameter] string $secret): string
    {
        return base64_encode(hash_hmac('sha256', $content, $secret, true));
    }

    /**
     * Return the headers that sign a message after Standard Webhooks 1.0; the same id in each try is read once.
     *
     * @param string $secret whsec_ with the key in base64 behind it; of any other text its own bytes are the key
     * @return array<string, string>
     */
    public static function standard(string $id, int $at, string $body, #[\SensitiveParameter] string $secret): array
    {
        $key = str_starts_with($secret, 'whsec_') ? (string) base64_decode(substr($secret, 6)) : $secret;
        return [
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $at,
            'webhook-signature' => 'v1,' . self::of("$id.$at.$body", $key),
        ];
    }
}
