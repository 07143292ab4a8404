<?php

// PSR-7 as far as FC 2.0's HTTP functions need it. Parameters have no types and
// results have those of version 2 of the interfaces, so that the classes fit
// versions 1 and 2 of psr/http-message alike.

namespace FcRuntime\Psr7;

use Psr\Http\Message\MessageInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Message\StreamInterface;
use Psr\Http\Message\UriInterface;

/** What requests and responses have in common. */
trait Message
{
    private $protocol = '1.1';
    private $headers = []; // lower-case name => [name, values]
    private $body;

    private function fill(array $headers, $body, $protocol)
    {
        foreach ($headers as $name => $value) {
            $this->add((string) $name, $value);
        }
        $this->body = $body instanceof StreamInterface ? $body : Stream::of($body);
        $this->protocol = (string) $protocol;
    }

    private function add($name, $value)
    {
        if (!is_string($name) || !preg_match('/^[!#$%&\'*+.^_`|~0-9A-Za-z-]+$/D', $name)) {
            throw new \InvalidArgumentException('not the name of a header: ' . var_export($name, true));
        }
        $key = strtolower($name);
        $old = isset($this->headers[$key]) ? $this->headers[$key] : [$name, []];
        foreach (is_array($value) ? $value : [$value] as $one) {
            if (!is_scalar($one) || strpbrk((string) $one, "\r\n\0") !== false) {
                throw new \InvalidArgumentException("the value of the header $name is none");
            }
            $old[1][] = trim((string) $one, " \t");
        }
        $this->headers[$key] = $old;
    }

    private function with($name, $value)
    {
        $copy = clone $this;
        $copy->$name = $value;
        return $copy;
    }

    public function getProtocolVersion(): string
    {
        return $this->protocol;
    }

    public function withProtocolVersion($version): MessageInterface
    {
        return $this->with('protocol', (string) $version);
    }

    public function getHeaders(): array
    {
        $all = [];
        foreach ($this->headers as $pair) {
            $all[$pair[0]] = $pair[1];
        }
        return $all;
    }

    public function hasHeader($name): bool
    {
        return isset($this->headers[strtolower($name)]);
    }

    public function getHeader($name): array
    {
        $key = strtolower($name);
        return isset($this->headers[$key]) ? $this->headers[$key][1] : [];
    }

    public function getHeaderLine($name): string
    {
        return implode(', ', $this->getHeader($name));
    }

    public function withHeader($name, $value): MessageInterface
    {
        $copy = clone $this;
        unset($copy->headers[strtolower($name)]);
        $copy->add($name, $value);
        return $copy;
    }

    public function withAddedHeader($name, $value): MessageInterface
    {
        $copy = clone $this;
        $copy->add($name, $value);
        return $copy;
    }

    public function withoutHeader($name): MessageInterface
    {
        $copy = clone $this;
        unset($copy->headers[strtolower($name)]);
        return $copy;
    }

    public function getBody(): StreamInterface
    {
        return $this->body;
    }

    public function withBody(StreamInterface $body): MessageInterface
    {
        return $this->with('body', $body);
    }
}

class Response implements ResponseInterface
{
    use Message;

    private $status;
    private $reason;

    public function __construct($status = 200, array $headers = [], $body = null, $version = '1.1', $reason = null)
    {
        $this->status = self::valid($status);
        $this->reason = (string) $reason;
        $this->fill($headers, $body, $version);
    }

    private static function valid($status)
    {
        if (filter_var($status, FILTER_VALIDATE_INT) === false || $status < 100 || $status > 599) {
            throw new \InvalidArgumentException('not an HTTP status: ' . var_export($status, true));
        }
        return (int) $status;
    }

    public function getStatusCode(): int
    {
        return $this->status;
    }

    public function withStatus($code, $reasonPhrase = ''): ResponseInterface
    {
        return $this->with('status', self::valid($code))->with('reason', (string) $reasonPhrase);
    }

    public function getReasonPhrase(): string
    {
        return $this->reason;
    }
}

class ServerRequest implements ServerRequestInterface
{
    use Message;

    private $method;
    private $uri;
    private $target;
    private $server;
    private $cookies = [];
    private $query = [];
    private $files = [];
    private $parsed;
    private $attributes = [];

    public function __construct($method, $uri, array $headers = [], $body = null, $version = '1.1', array $server = [])
    {
        $this->method = $method;
        $this->uri = $uri instanceof UriInterface ? $uri : new Uri($uri);
        $this->server = $server;
        $this->fill($headers, $body, $version);
    }

    public function getRequestTarget(): string
    {
        if ($this->target !== null) {
            return $this->target;
        }
        $query = $this->uri->getQuery();
        return ($this->uri->getPath() ?: '/') . ($query === '' ? '' : "?$query");
    }

    public function withRequestTarget($requestTarget): RequestInterface
    {
        return $this->with('target', (string) $requestTarget);
    }

    public function getMethod(): string
    {
        return $this->method;
    }

    public function withMethod($method): RequestInterface
    {
        return $this->with('method', $method);
    }

    public function getUri(): UriInterface
    {
        return $this->uri;
    }

    public function withUri(UriInterface $uri, $preserveHost = false): RequestInterface
    {
        $copy = $this->with('uri', $uri);
        if ($uri->getHost() === '' || $preserveHost && $this->hasHeader('Host')) {
            return $copy;
        }
        return $copy->withHeader('Host', $uri->getHost() . ($uri->getPort() === null ? '' : ':' . $uri->getPort()));
    }

    public function getServerParams(): array
    {
        return $this->server;
    }

    public function getCookieParams(): array
    {
        return $this->cookies;
    }

    public function withCookieParams(array $cookies): ServerRequestInterface
    {
        return $this->with('cookies', $cookies);
    }

    public function getQueryParams(): array
    {
        return $this->query;
    }

    public function withQueryParams(array $query): ServerRequestInterface
    {
        return $this->with('query', $query);
    }

    public function getUploadedFiles(): array
    {
        return $this->files;
    }

    public function withUploadedFiles(array $uploadedFiles): ServerRequestInterface
    {
        return $this->with('files', $uploadedFiles);
    }

    public function getParsedBody()
    {
        return $this->parsed;
    }

    public function withParsedBody($data): ServerRequestInterface
    {
        return $this->with('parsed', $data);
    }

    public function getAttributes(): array
    {
        return $this->attributes;
    }

    public function getAttribute($name, $default = null)
    {
        return array_key_exists($name, $this->attributes) ? $this->attributes[$name] : $default;
    }

    public function withAttribute($name, $value): ServerRequestInterface
    {
        return $this->with('attributes', [$name => $value] + $this->attributes);
    }

    public function withoutAttribute($name): ServerRequestInterface
    {
        return $this->with('attributes', array_diff_key($this->attributes, [$name => true]));
    }
}

/** A stream over a PHP resource. */
class Stream implements StreamInterface
{
    private $resource;

    public function __construct($resource)
    {
        if (!is_resource($resource)) {
            throw new \InvalidArgumentException('a stream is made of a resource');
        }
        $this->resource = $resource;
    }

    /** A stream of a text, a resource, an object with __toString or nothing. */
    public static function of($content)
    {
        if (is_resource($content)) {
            return new self($content);
        }
        if ($content !== null && !is_scalar($content) && !(is_object($content) && method_exists($content, '__toString'))) {
            throw new \InvalidArgumentException('not the body of a message: ' . gettype($content));
        }
        $resource = fopen('php://temp', 'r+');
        if ((string) $content !== '') {
            fwrite($resource, (string) $content);
            rewind($resource);
        }
        return new self($resource);
    }

    private function open()
    {
        if ($this->resource === null) {
            throw new \RuntimeException('the stream is detached');
        }
        return $this->resource;
    }

    private static function checked($result, $what)
    {
        if ($result === false) {
            throw new \RuntimeException("the stream can't be $what");
        }
        return $result;
    }

    public function __toString(): string
    {
        if ($this->resource === null) {
            return '';
        }
        if ($this->isSeekable()) {
            $this->rewind();
        }
        return $this->getContents();
    }

    public function close(): void
    {
        if ($this->resource !== null) {
            fclose($this->detach());
        }
    }

    public function detach()
    {
        $resource = $this->resource;
        $this->resource = null;
        return $resource;
    }

    public function getSize(): ?int
    {
        $stat = $this->resource === null ? false : fstat($this->resource);
        return $stat ? $stat['size'] : null;
    }

    public function tell(): int
    {
        return self::checked(ftell($this->open()), 'asked for its place');
    }

    public function eof(): bool
    {
        return $this->resource === null || feof($this->resource);
    }

    public function isSeekable(): bool
    {
        return (bool) $this->getMetadata('seekable');
    }

    public function seek($offset, $whence = SEEK_SET): void
    {
        self::checked(fseek($this->open(), $offset, $whence) === 0, 'moved in');
    }

    public function rewind(): void
    {
        $this->seek(0);
    }

    public function isWritable(): bool
    {
        return strpbrk((string) $this->getMetadata('mode'), 'waxc+') !== false;
    }

    public function write($string): int
    {
        return self::checked(fwrite($this->open(), $string), 'written to');
    }

    public function isReadable(): bool
    {
        return strpbrk((string) $this->getMetadata('mode'), 'r+') !== false;
    }

    public function read($length): string
    {
        return self::checked(fread($this->open(), $length), 'read');
    }

    public function getContents(): string
    {
        return self::checked(stream_get_contents($this->open()), 'read');
    }

    public function getMetadata($key = null)
    {
        $all = $this->resource === null ? [] : stream_get_meta_data($this->resource);
        if ($key === null) {
            return $all;
        }
        return isset($all[$key]) ? $all[$key] : null;
    }
}

class Uri implements UriInterface
{
    private $parts;

    public function __construct($uri = '')
    {
        // A path that begins with two slashes is no host.
        $parts = strncmp($uri, '//', 2) === 0 ? self::pathOf($uri) : parse_url($uri);
        if ($parts === false) {
            throw new \InvalidArgumentException("not a URI: $uri");
        }
        $this->parts = $parts;
    }

    private static function pathOf($uri)
    {
        $halves = explode('?', $uri, 2);
        return ['path' => $halves[0]] + (isset($halves[1]) ? ['query' => $halves[1]] : []);
    }

    private function get($name)
    {
        return isset($this->parts[$name]) ? (string) $this->parts[$name] : '';
    }

    private function with($name, $value)
    {
        $copy = clone $this;
        $copy->parts[$name] = $value;
        return $copy;
    }

    public function getScheme(): string
    {
        return strtolower($this->get('scheme'));
    }

    public function getAuthority(): string
    {
        $user = $this->getUserInfo();
        $port = $this->getPort();
        return ($user === '' ? '' : "$user@") . $this->getHost() . ($port === null ? '' : ":$port");
    }

    public function getUserInfo(): string
    {
        return $this->get('user') . ($this->get('pass') === '' ? '' : ':' . $this->get('pass'));
    }

    public function getHost(): string
    {
        return strtolower($this->get('host'));
    }

    public function getPort(): ?int
    {
        $usual = ['http' => 80, 'https' => 443];
        $port = $this->get('port');
        $scheme = $this->getScheme();
        return $port === '' || isset($usual[$scheme]) && $usual[$scheme] === (int) $port ? null : (int) $port;
    }

    public function getPath(): string
    {
        return $this->get('path');
    }

    public function getQuery(): string
    {
        return $this->get('query');
    }

    public function getFragment(): string
    {
        return $this->get('fragment');
    }

    public function withScheme($scheme): UriInterface
    {
        return $this->with('scheme', $scheme);
    }

    public function withUserInfo($user, $password = null): UriInterface
    {
        return $this->with('user', $user)->with('pass', $password);
    }

    public function withHost($host): UriInterface
    {
        return $this->with('host', $host);
    }

    public function withPort($port): UriInterface
    {
        return $this->with('port', $port);
    }

    public function withPath($path): UriInterface
    {
        return $this->with('path', $path);
    }

    public function withQuery($query): UriInterface
    {
        return $this->with('query', $query);
    }

    public function withFragment($fragment): UriInterface
    {
        return $this->with('fragment', $fragment);
    }

    public function __toString(): string
    {
        $authority = $this->getAuthority();
        $path = $this->getPath();
        if ($authority !== '' && $path !== '' && $path[0] !== '/') {
            $path = "/$path";
        }
        return ($this->getScheme() === '' ? '' : $this->getScheme() . ':') . ($authority === '' ? '' : "//$authority") . $path
            . ($this->getQuery() === '' ? '' : '?' . $this->getQuery())
            . ($this->getFragment() === '' ? '' : '#' . $this->getFragment());
    }
}
