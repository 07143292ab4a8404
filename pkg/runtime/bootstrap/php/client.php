<?php

namespace FcRuntime;

/** A kept connection to the Runtime API. */
final class Client
{
    const BASE = '/2020-11-11/runtime/';

    private $socket;
    private $common;
    public $ask;

    public function __construct($address)
    {
        $context = stream_context_create(['socket' => ['tcp_nodelay' => true]]);
        $socket = stream_socket_client('tcp://' . $address, $code, $message, 10, STREAM_CLIENT_CONNECT, $context);
        if (!$socket) {
            throw new \RuntimeException("can't connect to the Runtime API: $message");
        }
        stream_set_timeout($socket, 10 * 365 * 86400); // the next invocation comes when it comes
        $this->socket = $socket;
        $this->common = "Host: $address\r\nUser-Agent: s-php/1\r\n";
        $this->ask = 'GET ' . self::BASE . "invocation/next HTTP/1.1\r\n" . $this->common . "\r\n";
    }

    public function send($data)
    {
        for ($sent = 0, $size = strlen($data); $sent < $size; $sent += $n) {
            $n = fwrite($this->socket, $size > 1048576 ? substr($data, $sent, 1048576) : substr($data, $sent));
            if ($n === false || $n === 0 && feof($this->socket)) {
                throw new Gone();
            }
        }
    }

    /** Sends a result and, in the same write, asks for the next invocation. */
    public function post($path, $body, $params, $ask)
    {
        $head = 'POST ' . self::BASE . $path . " HTTP/1.1\r\n" . $this->common
            . "Content-Type: application/octet-stream\r\n"
            . ($params === '' ? '' : "x-fc-http-params: $params\r\n")
            . 'Content-Length: ' . strlen($body) . "\r\n\r\n";
        $tail = $ask ? $this->ask : '';
        if (strlen($body) < 65536) {
            $this->send($head . $body . $tail);
            return;
        }
        $this->send($head);
        $this->send($body);
        $this->send($tail);
    }

    private function line()
    {
        do {
            $line = fgets($this->socket);
            if ($line === false && feof($this->socket)) {
                throw new Gone();
            }
        } while ($line === false); // a signal
        return $line;
    }

    /** Reads one answer: status, headers with lower-case names, body. */
    public function read()
    {
        $status = (int) substr($this->line(), 9, 3);
        $headers = [];
        while (($line = $this->line()) !== "\r\n") {
            $colon = strpos($line, ':');
            $headers[strtolower(substr($line, 0, $colon))] = trim(substr($line, $colon + 1));
        }
        $missing = (int) $headers['content-length'];
        $body = '';
        while ($missing > 0) {
            $part = fread($this->socket, min($missing, 1048576));
            if ($part === false || $part === '') {
                if (feof($this->socket)) {
                    throw new Gone();
                }
                continue; // a signal
            }
            $body .= $part;
            $missing -= strlen($part);
        }
        return [$status, $headers, $body];
    }
}

/** The platform has closed the connection. */
final class Gone extends \Exception
{
}
