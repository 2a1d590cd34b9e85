<?php

declare(strict_types=1);

namespace Cagnotte\WooCommerce;

/** Requests by WordPress's own means, with its proxy and its certificates. */
final class Http
{
    public const TIMEOUT_SECONDS = 8;

    /**
     * Send a request.
     *
     * @param array<string, string> $headers
     * @return array{0: int, 1: string} status and body; status 0 when there was no answer
     */
    public static function send(string $method, string $url, array $headers, string $body): array
    {
        $answer = wp_remote_request($url, [
            'method' => $method,
            'headers' => $headers,
            'body' => $body,
            'timeout' => self::TIMEOUT_SECONDS,
            'redirection' => 0,
            'user-agent' => 'cagnotte-woocommerce/' . VERSION,
        ]);
        if (is_wp_error($answer)) {
            return [0, ''];
        }
        return [
            (int) wp_remote_retrieve_response_code($answer),
            (string) wp_remote_retrieve_body($answer),
        ];
    }
}
