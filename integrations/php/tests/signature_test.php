<?php

declare(strict_types=1);

namespace Tests;

use Cagnotte\Shop\Signature;

function a_signature_is_the_known_one(): void
{
    // RFC 4231, test case 2.
    $known = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    same($known, bin2hex(base64_decode(Signature::of('what do ya want for nothing?', 'Jefe'))));
}

function a_standard_signature_is_over_id_time_and_body(): void
{
    same(
        [
            'webhook-id' => 'm-1',
            'webhook-timestamp' => '17',
            'webhook-signature' => 'v1,' . base64_encode(hash_hmac('sha256', 'm-1.17.body', 'a secret', true)),
        ],
        Signature::standard('m-1', 17, 'body', 'a secret')
    );
}

function a_secret_with_a_prefix_is_a_key_in_base64(): void
{
    same(
        Signature::standard('m-1', 17, 'body', 'a secret')['webhook-signature'],
        Signature::standard('m-1', 17, 'body', 'whsec_' . base64_encode('a secret'))['webhook-signature']
    );
}
