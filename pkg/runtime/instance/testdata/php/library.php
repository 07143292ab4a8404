<?php
// An HTTP function with a PSR-7 library of its own.

require 'GuzzleHttp/Psr7/autoload.php';

use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\Utils;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;

function handler(ServerRequestInterface $request, $context): ResponseInterface
{
    $file = (new ReflectionClass(Response::class))->getFileName();
    $interface = (new ReflectionClass(ServerRequestInterface::class))->getFileName();
    $text = implode(' ', [
        strpos($file, '/GuzzleHttp/') !== false ? 'its own' : "not its own: $file",
        strpos($interface, '/Psr/Http/') !== false ? 'its own' : "not its own: $interface",
        Utils::copyToString($request->getBody()),
        GuzzleHttp\Psr7\Message::toString($request->withoutHeader('User-Agent')->withoutHeader('Accept-Encoding')),
    ]);
    return new Response(202, ['X-Own' => ['1', '2']], Utils::streamFor($text));
}
