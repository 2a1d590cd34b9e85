<?php
/**
 * What the plugins' `live.php` share: requests to a real Cagnotte, and steps that another program looks at in between.
 *
 * CAGNOTTE_URL, CAGNOTTE_KEY and CAGNOTTE_INBOX name it.
 */

declare(strict_types=1);

/** Send a request by PHP's own means; status 0 when there was no answer. */
function sent_for_real(string $method, string $url, array $headers, string $body): array
{
    $lines = array_map(fn ($name, $text) => "$name: $text", array_keys($headers), $headers);
    $how = ['method' => $method, 'header' => $lines, 'content' => $body, 'ignore_errors' => true, 'timeout' => 20];
    set_error_handler(static fn () => true);
    $answer = file_get_contents($url, false, stream_context_create(['http' => $how]));
    restore_error_handler();
    if ($answer === false) {
        return [0, ''];
    }
    return [(int) explode(' ', $http_response_header[0])[1], $answer];
}

/** Say what was done, and wait until it was looked at. */
function step(string $name): void
{
    echo $name, "\n";
    flush();
    fgets(STDIN);
}
