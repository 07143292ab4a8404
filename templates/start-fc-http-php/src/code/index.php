<?php

// Called for every request: $event is the request as JSON, what it returns the
// response.
function handler($event, $context)
{
    $request = json_decode($event, true);
    if (!isset($request['requestContext']['http']['method'])) {
        return respond(400, ['error' => 'this function answers HTTP requests: call the url of its trigger']);
    }
    $http = $request['requestContext']['http'];
    return respond(200, [
        'message' => 'hello world',
        'method' => $http['method'],
        'path' => $http['path'],
        'query' => isset($request['queryParameters']) ? (object) $request['queryParameters'] : new stdClass(),
        'body' => body($request),
    ]);
}

// The body as text; binary bodies arrive in base64.
function body($request)
{
    $body = isset($request['body']) ? $request['body'] : '';
    return empty($request['isBase64Encoded']) ? $body : base64_decode($body);
}

function respond($status, $content)
{
    return [
        'statusCode' => $status,
        'headers' => ['Content-Type' => 'application/json'],
        'isBase64Encoded' => false,
        'body' => json_encode($content, JSON_UNESCAPED_UNICODE),
    ];
}
