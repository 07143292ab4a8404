<?php
// The interfaces of PSR-7 as version 2 of psr/http-message has them.

namespace Psr\Http\Message {
    interface MessageInterface
    {
        public function getProtocolVersion(): string;
        public function withProtocolVersion(string $version): MessageInterface;
        public function getHeaders(): array;
        public function hasHeader(string $name): bool;
        public function getHeader(string $name): array;
        public function getHeaderLine(string $name): string;
        public function withHeader(string $name, $value): MessageInterface;
        public function withAddedHeader(string $name, $value): MessageInterface;
        public function withoutHeader(string $name): MessageInterface;
        public function getBody(): StreamInterface;
        public function withBody(StreamInterface $body): MessageInterface;
    }

    interface RequestInterface extends MessageInterface
    {
        public function getRequestTarget(): string;
        public function withRequestTarget(string $requestTarget): RequestInterface;
        public function getMethod(): string;
        public function withMethod(string $method): RequestInterface;
        public function getUri(): UriInterface;
        public function withUri(UriInterface $uri, bool $preserveHost = false): RequestInterface;
    }

    interface ServerRequestInterface extends RequestInterface
    {
        public function getServerParams(): array;
        public function getCookieParams(): array;
        public function withCookieParams(array $cookies): ServerRequestInterface;
        public function getQueryParams(): array;
        public function withQueryParams(array $query): ServerRequestInterface;
        public function getUploadedFiles(): array;
        public function withUploadedFiles(array $uploadedFiles): ServerRequestInterface;
        public function getParsedBody();
        public function withParsedBody($data): ServerRequestInterface;
        public function getAttributes(): array;
        public function getAttribute(string $name, $default = null);
        public function withAttribute(string $name, $value): ServerRequestInterface;
        public function withoutAttribute(string $name): ServerRequestInterface;
    }

    interface ResponseInterface extends MessageInterface
    {
        public function getStatusCode(): int;
        public function withStatus(int $code, string $reasonPhrase = ''): ResponseInterface;
        public function getReasonPhrase(): string;
    }

    interface StreamInterface
    {
        public function __toString(): string;
        public function close(): void;
        public function detach();
        public function getSize(): ?int;
        public function tell(): int;
        public function eof(): bool;
        public function isSeekable(): bool;
        public function seek(int $offset, int $whence = SEEK_SET): void;
        public function rewind(): void;
        public function isWritable(): bool;
        public function write(string $string): int;
        public function isReadable(): bool;
        public function read(int $length): string;
        public function getContents(): string;
        public function getMetadata(?string $key = null);
    }

    interface UriInterface
    {
        public function getScheme(): string;
        public function getAuthority(): string;
        public function getUserInfo(): string;
        public function getHost(): string;
        public function getPort(): ?int;
        public function getPath(): string;
        public function getQuery(): string;
        public function getFragment(): string;
        public function withScheme(string $scheme): UriInterface;
        public function withUserInfo(string $user, ?string $password = null): UriInterface;
        public function withHost(string $host): UriInterface;
        public function withPort(?int $port): UriInterface;
        public function withPath(string $path): UriInterface;
        public function withQuery(string $query): UriInterface;
        public function withFragment(string $fragment): UriInterface;
        public function __toString(): string;
    }
}

namespace {
    function handler($request, $context)
    {
        $uri = $request->getUri();
        $moved = $uri->withScheme('https')->withUserInfo('u', 'p')->withHost('Example.COM')->withPort(8443)->withPath('x')->withQuery('q=1')->withFragment('f');
        $stream = RingCentral\Psr7\Stream::of('0123456789');
        $stream->seek(3);
        $checks = [
            (string) $moved === 'https://u:p@example.com:8443/x?q=1#f',
            $moved->withPort(443)->getPort() === null,
            $moved->getAuthority() === 'u:p@example.com:8443',
            $request->withUri($moved)->getHeaderLine('host') === 'example.com:8443',
            $request->withUri($moved, true)->getHeaderLine('host') === $request->getHeaderLine('host'),
            $request->withRequestTarget('*')->getRequestTarget() === '*',
            $request->withMethod('PUT')->getMethod() === 'PUT' && $request->getMethod() === 'GET',
            $request->withoutAttribute('path')->getAttribute('path', 'gone') === 'gone',
            $request->withProtocolVersion('2')->getProtocolVersion() === '2',
            $request->withoutHeader('HOST')->hasHeader('Host') === false,
            count($request->getAttributes()) === 3 && $request->getUploadedFiles() === [],
            $request->getServerParams()['REMOTE_ADDR'] !== '',
            $stream->read(2) === '34' && $stream->tell() === 5 && $stream->getSize() === 10 && !$stream->eof(),
            $stream->isReadable() && $stream->isWritable() && $stream->isSeekable(),
            $stream->getContents() === '56789' && (string) $stream === '0123456789',
            (string) new RingCentral\Psr7\Uri('//double/path?x') === '//double/path?x',
            throws(function () {
                new RingCentral\Psr7\Response(99);
            }),
            throws(function () use ($request) {
                $request->withHeader('a b', '1');
            }),
            throws(function () {
                RingCentral\Psr7\Stream::of([]);
            }),
            throws(function () use ($stream) {
                $stream->close();
                $stream->read(1);
            }),
            (string) $stream === '' && $stream->getSize() === null,
        ];
        $response = (new RingCentral\Psr7\Response())->withStatus(200, 'Fine');
        return $response->withBody(RingCentral\Psr7\Stream::of($response->getReasonPhrase() . ' ' . json_encode(array_keys($checks, false, true))));
    }

    function throws($f)
    {
        try {
            $f();
        } catch (InvalidArgumentException $e) {
            return true;
        } catch (RuntimeException $e) {
            return true;
        }
        return false;
    }
}
