<?php
// HTTP functions of FC 2.0, as its documentation has them.

use RingCentral\Psr7\Response;
use Psr\Http\Message\ServerRequestInterface;

function handler(ServerRequestInterface $request, $context): Response
{
    $shown = [
        'method' => $request->getMethod(),
        'path' => $request->getAttribute('path'),
        'requestURI' => $request->getAttribute('requestURI'),
        'clientIP' => $request->getAttribute('clientIP'),
        'none' => $request->getAttribute('none', 'default'),
        'queries' => $request->getQueryParams(),
        'one' => $request->getHeader('X-ONE'),
        'line' => $request->getHeaderLine('x-one'),
        'forged' => $request->hasHeader('X-Fc-Region'),
        'cookies' => $request->getCookieParams(),
        'form' => $request->getParsedBody(),
        'body' => $request->getBody()->getContents(),
        'again' => (string) $request->getBody(),
        'uri' => (string) $request->getUri(),
        'target' => $request->getRequestTarget(),
        'requestId' => $context['requestId'],
    ];
    $headers = ['Content-Type' => 'application/json', 'Set-Cookie' => ['a=1', 'b=2']];
    return new Response(201, $headers, json_encode($shown, JSON_UNESCAPED_SLASHES));
}

function guzzle($request, $context)
{
    $response = new GuzzleHttp\Psr7\Response(200, [], 'first');
    $body = fopen('php://temp', 'r+');
    fwrite($body, "binary \x00\xff");
    return $response->withStatus(404)->withHeader('X-Own', '1')->withAddedHeader('x-own', '2')
        ->withBody(new GuzzleHttp\Psr7\Stream($body));
}

function nothing($request, $context)
{
    return 'text';
}

function wrong_header($request, $context)
{
    return new Response(200, ['X-Own' => "a\r\nX-Evil: 1"]);
}

function fails($request, $context)
{
    throw new RuntimeException('in http');
}
