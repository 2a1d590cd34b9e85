<?php

declare(strict_types=1);

namespace Cagnotte\PrestaShop;

/** Requests by curl, which PrestaShop needs anyway. */
final class Http
{
    public const TIMEOUT_SECONDS = 8;

    /** @var null|\Closure(string, string, array<string, string>, string): array{0: int, 1: string} instead of curl */
    public static ?\Closure $through = null;

    /**
     * Send a request.
     *
     * @param array<string, string> $headers
     * @return array{0: int, 1: string} status and body; status 0 when there was no answer
     */
    public static function send(string $method, string $url, array $headers, string $body): array
    {
        if (self::$through !== null) {
            return (self::$through)($method, $url, $headers, $body);
        }
        $call = curl_init($url);
        curl_setopt_array($call, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => array_map(fn ($name, $text) => "$name: $text", array_keys($headers), $headers),
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => self::TIMEOUT_SECONDS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_USERAGENT => 'cagnotte-prestashop/' . \Cagnotte::VERSION,
        ]);
        if ($body !== '') {
            curl_setopt($call, CURLOPT_POSTFIELDS, $body);
        }
        $answer = curl_exec($call);
        $status = (int) curl_getinfo($call, CURLINFO_RESPONSE_CODE);
        return is_string($answer) ? [$status, $answer] : [0, ''];
    }
}
