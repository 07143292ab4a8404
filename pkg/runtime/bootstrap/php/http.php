<?php

namespace FcRuntime;

/** HTTP functions of FC 2.0: a PSR-7 request in, a PSR-7 response out. */
final class Http
{
    public static function call($function, $params, $event, $context)
    {
        $result = $function(self::request(json_decode(base64_decode($params), true), $event), $context);
        foreach (['getStatusCode', 'getHeaders', 'getBody'] as $method) {
            if (!is_object($result) || !method_exists($result, $method)) {
                $type = is_object($result) ? get_class($result) : gettype($result);
                throw new LoadError('InvalidResult', "the handler of an HTTP function must return a PSR-7 response, not $type");
            }
        }
        $body = $result->getBody();
        $headers = [];
        foreach ($result->getHeaders() as $name => $values) {
            $headers[(string) $name] = array_values(array_map('strval', (array) $values));
        }
        $headers += ['X-Powered-By' => ['fc/php-runtime']];
        $answer = json_encode(['status' => $result->getStatusCode(), 'headersMap' => $headers], JSON_PARTIAL_OUTPUT_ON_ERROR);
        return [(string) $body, base64_encode($answer)];
    }

    private static function request($params, $event)
    {
        $get = function ($name) use ($params) {
            return isset($params[$name]) ? $params[$name] : '';
        };
        $target = $get('requestURI') ?: '/';
        $host = $get('host');
        $headers = isset($params['headersMap']) ? $params['headersMap'] : [];
        if ($host !== '') {
            $headers = ['Host' => [$host]] + $headers;
        }
        $request = new Psr7\ServerRequest(
            $get('method') ?: 'GET',
            ($host === '' ? '' : "http://$host") . $target,
            $headers,
            $event,
            '1.1',
            ['REMOTE_ADDR' => $get('clientIP'), 'REQUEST_METHOD' => $get('method'), 'REQUEST_URI' => $target]
        );
        $queries = [];
        foreach (isset($params['queriesMap']) ? $params['queriesMap'] : [] as $name => $values) {
            $queries[$name] = count($values) === 1 ? $values[0] : $values;
        }
        return $request->withQueryParams($queries)
            ->withCookieParams(self::cookies($request->getHeaderLine('Cookie')))
            ->withParsedBody(self::form($request->getHeaderLine('Content-Type'), $event))
            ->withAttribute('path', $get('path'))
            ->withAttribute('requestURI', $get('requestURI'))
            ->withAttribute('clientIP', $get('clientIP'));
    }

    private static function cookies($line)
    {
        $cookies = [];
        foreach (explode(';', $line) as $pair) {
            $parts = explode('=', trim($pair), 2);
            if (isset($parts[1])) {
                $cookies[$parts[0]] = urldecode($parts[1]);
            }
        }
        return $cookies;
    }

    private static function form($type, $body)
    {
        if (stripos($type, 'application/x-www-form-urlencoded') !== 0) {
            return null;
        }
        parse_str($body, $values);
        return $values;
    }
}

require_once __DIR__ . '/psr7.php';
