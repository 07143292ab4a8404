<?php

namespace FcRuntime;

/** Takes invocations, calls handlers and words what they gave. */
final class Runtime
{
    const KINDS = ['Invoke', 'Initialize', 'PreStop', 'PreFreeze'];
    // What of FC_* stays in $_ENV.
    const SAFE = [
        'FC_FUNC_CODE_PATH', 'FC_FUNCTION_MEMORY_SIZE', 'FC_RUNTIME_VERSION', 'FC_ACCOUNT_ID', 'FC_FUNCTION_HANDLER',
        'FC_FUNCTION_NAME', 'FC_SERVICE_NAME', 'FC_VER_ID', 'FC_FUNCTION_VERSION', 'FC_QUALIFIER', 'FC_REGION', 'FC_INSTANCE_ID',
    ];
    const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_RECOVERABLE_ERROR;

    /** The file that is to be loaded when serve() gives true. */
    public static $file;

    private static $client;
    private static $code;
    private static $handlers = [];
    private static $loaded = [];
    private static $process;
    private static $reserve;
    private static $request; // headers and event of the invocation that runs
    private static $last = false; // the process ends after the answer

    public static function prepare()
    {
        self::$client = new Client(getenv('FC_RUNTIME_API') ?: '127.0.0.1:19001');
        self::$code = rtrim(getenv('FC_FUNC_CODE_PATH') ?: '/code/', '/');
        self::$process = getmypid();
        foreach (array_keys($_ENV) as $name) {
            if ((strncmp($name, 'FC_', 3) === 0 || strncmp($name, '_FC_', 4) === 0) && !in_array($name, self::SAFE, true)) {
                unset($_ENV[$name]);
            }
        }
        Output::open();
        ignore_user_abort(true); // a closed STDOUT is no reason to end
        set_error_handler([__CLASS__, 'onError']);
        register_shutdown_function([__CLASS__, 'onShutdown']);
        spl_autoload_register([__CLASS__, 'autoload']); // behind the user's own
        self::$reserve = str_repeat(' ', 65536);
        $GLOBALS['fcLogger'] = new Logger();
        $GLOBALS['fcPhpCgiProxy'] = new CgiProxy();
        Output::line('FunctionCompute php7.2 runtime inited.');
        self::$client->send(self::$client->ask);
    }

    /** Runs invocations until one needs a file (true). */
    public static function serve()
    {
        try {
            while (self::step()) {
            }
        } catch (Gone $e) {
            self::leave(1);
        }
        return true;
    }

    /** Runs an invocation; false if it needs a file first. */
    private static function step()
    {
        if (self::$request === null) {
            self::next();
        }
        try {
            list($headers, $event) = self::$request;
            $function = self::find($headers['x-fc-function-handler']);
            if ($function === null) {
                return false;
            }
            list($body, $params) = self::call($function, $headers, $event);
        } catch (\Throwable $error) {
            self::fail($error);
            return true;
        }
        unset($headers, $event); // a large event is not kept while waiting
        self::answer('response', $body, $params);
        return true;
    }

    public static function loaded()
    {
        self::$loaded[self::$file] = true;
        if (!$GLOBALS['fcLogger'] instanceof \Psr\Log\LoggerInterface && interface_exists('Psr\Log\LoggerInterface')) {
            require_once __DIR__ . '/psrlogger.php';
            $GLOBALS['fcLogger'] = new PsrLogger();
        }
    }

    /** A file that has failed half way can't be loaded again in this process. */
    public static function notLoaded($error)
    {
        self::$last = !$error instanceof \ParseError || $error->getFile() !== self::$file;
        try {
            self::fail($error);
        } catch (Gone $e) {
            self::$last = true;
        }
        if (self::$last) {
            self::leave(1);
        }
    }

    private static function next()
    {
        set_error_handler(function () {
            return true; // of this connection nobody is told
        });
        try {
            list($status, $headers, $event) = self::$client->read();
        } finally {
            restore_error_handler();
        }
        if ($status !== 200) {
            throw new Gone();
        }
        $headers += ['x-fc-request-id' => '', 'x-fc-function-type' => '0', 'x-fc-function-handler' => ''];
        self::$request = [$headers, $event];
        Output::$requestId = $headers['x-fc-request-id'];
        Output::line('FC ' . self::kind() . ' Start RequestId: ' . Output::$requestId);
    }

    private static function kind()
    {
        $type = (int) self::$request[0]['x-fc-function-type'];
        return isset(self::KINDS[$type]) ? self::KINDS[$type] : self::KINDS[0];
    }

    /** The function of a handler "dir/file.function"; null if its file is to be loaded first. */
    private static function find($handler)
    {
        if (isset(self::$handlers[$handler])) {
            return self::$handlers[$handler];
        }
        $dot = strrpos($handler, '.');
        $module = substr($handler, 0, (int) $dot);
        $function = substr($handler, (int) $dot + 1);
        if (!$dot || $function === '' || substr($module, -1) === '/' || strpos($function, '/') !== false) {
            throw new LoadError('InvalidHandleName', "Invalid handler '$handler'");
        }
        $file = self::$code . '/' . ltrim($module, '/') . '.php';
        if (!is_file($file)) {
            throw new LoadError('ImportModuleError', "Unable to import module '$module': there is no file $module.php in the code");
        }
        if (!isset(self::$loaded[$file])) {
            self::$file = $file;
            return null;
        }
        if (!is_callable($function)) {
            throw new LoadError('HandlerNotFound', "Handler '$function' is missing on module '$module'");
        }
        return self::$handlers[$handler] = $function;
    }

    /** Calls the function: the result's body and its x-fc-http-params. */
    private static function call($function, $headers, $event)
    {
        $context = self::context($headers);
        if (self::kind() !== 'Invoke') {
            $function($context);
            return ['', ''];
        }
        if (isset($headers['x-fc-http-params']) && $headers['x-fc-http-params'] !== '') {
            require_once __DIR__ . '/http.php';
            return Http::call($function, $headers['x-fc-http-params'], $event, $context);
        }
        $result = $function($event, $context);
        if (is_string($result)) {
            return [$result, ''];
        }
        $text = json_encode($result, JSON_UNESCAPED_UNICODE);
        if ($text === false) {
            throw new LoadError('InvalidResult', "the handler's result is no JSON: " . json_last_error_msg());
        }
        return [$text, ''];
    }

    private static function context($headers)
    {
        $get = function ($name) use ($headers) {
            return isset($headers['x-fc-' . $name]) ? $headers['x-fc-' . $name] : '';
        };
        $baggages = base64_decode($get('tracing-opentracing-span-baggages'));
        return [
            'requestId' => $get('request-id'),
            'credentials' => [
                'accessKeyId' => $get('access-key-id'), 'accessKeySecret' => $get('access-key-secret'),
                'securityToken' => $get('security-token'),
            ],
            'function' => [
                'name' => $get('function-name'), 'handler' => $get('function-handler'),
                'memory' => (int) $get('function-memory'), 'timeout' => (int) $get('function-timeout'),
                'initializer' => $get('function-initializer'), 'initializationTimeout' => (int) $get('initialization-timeout'),
            ],
            'service' => [
                'name' => $get('service-name'), 'logProject' => $get('service-logproject'), 'logStore' => $get('service-logstore'),
                'qualifier' => $get('qualifier'), 'versionId' => $get('version-id'),
            ],
            'region' => $get('region'),
            'accountId' => $get('account-id'),
            'tracing' => [
                'spanContext' => $get('tracing-opentracing-span-context'),
                'spanBaggages' => json_decode($baggages, true) ?: [],
                'jaegerEndpoint' => $get('tracing-jaeger-endpoint'),
            ],
        ];
    }

    /** Posts an answer and reads what the platform says of it. */
    private static function answer($kind, $body, $params)
    {
        while (ob_get_level() > 0) {
            ob_end_flush(); // what the handler has kept back belongs to its log
        }
        Output::line('FC ' . self::kind() . ' End RequestId: ' . Output::$requestId);
        self::$request = null;
        set_error_handler(function () {
            return true;
        });
        try {
            self::$client->post('invocation/' . Output::$requestId . '/' . $kind, $body, $params, !self::$last);
            list($status, , $text) = self::$client->read();
        } finally {
            restore_error_handler();
        }
        if ($status !== 200) {
            Output::line('the platform refused the result: ' . $text);
        }
        Output::$requestId = '';
        set_time_limit(0); // the last invocation's limit is not the next one's
    }

    private static function fail($error)
    {
        $document = Failure::document($error);
        Output::record('ERROR', var_export($document, true));
        // What isn't UTF-8 is replaced: an error with half a message is better than none.
        $text = json_encode($document, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
        self::answer('error', $text, '');
    }

    private static function leave($code)
    {
        self::$process = 0; // nothing is left to report
        exit($code);
    }

    /** Warnings and notices are exceptions; what @ or error_reporting() hides isn't. */
    public static function onError($severity, $message, $file, $line)
    {
        if (!(error_reporting() & $severity) || $severity & (E_DEPRECATED | E_USER_DEPRECATED)) {
            return false;
        }
        throw new \ErrorException($message, 0, $severity, $file, $line);
    }

    /** The process ends: by exit() in the user's code, or by an error that nothing can catch. */
    public static function onShutdown()
    {
        if (self::$process !== getmypid() || self::$request === null) {
            return; // a child of the function, or nothing to answer
        }
        self::$reserve = null;
        ini_set('memory_limit', '-1');
        $error = error_get_last();
        if ($error === null || !($error['type'] & self::FATAL)) {
            Output::line('FC ' . self::kind() . ' End RequestId: ' . Output::$requestId);
            return; // the platform tells the caller
        }
        self::$last = true;
        $fatal = new \ErrorException($error['message'], 0, $error['type'], $error['file'], $error['line']);
        try {
            self::fail($fatal);
        } catch (Gone $e) {
            return;
        }
    }

    /** Gives the interfaces and classes of PSR-7 to functions that don't bring them. */
    public static function autoload($class)
    {
        if (strncmp($class, 'Psr\Http\Message\\', 17) === 0) {
            if (!self::othersHave($class)) {
                require_once __DIR__ . '/psr7interfaces.php';
            }
        } elseif (preg_match('/^(?:RingCentral|GuzzleHttp)\\\\Psr7\\\\(Response|ServerRequest|Stream|Uri)$/', $class, $m)) {
            if (!self::othersHave($class)) {
                require_once __DIR__ . '/psr7.php';
                class_alias('FcRuntime\\Psr7\\' . $m[1], $class);
            }
        }
    }

    /** The user's autoloaders come first, even those behind this one. */
    private static function othersHave($class)
    {
        foreach (spl_autoload_functions() as $load) {
            if ($load !== [__CLASS__, 'autoload']) {
                $load($class);
                if (class_exists($class, false) || interface_exists($class, false)) {
                    return true;
                }
            }
        }
        return false;
    }
}

/** The handler can't be loaded, or its result can't be sent: no fault has a place in the user's code. */
final class LoadError extends \Exception
{
    public $kind;

    public function __construct($kind, $message)
    {
        parent::__construct($message);
        $this->kind = $kind;
    }
}

/** Words errors. */
final class Failure
{
    public static function document($error)
    {
        if ($error instanceof LoadError) {
            return ['errorMessage' => $error->getMessage(), 'errorType' => $error->kind];
        }
        $document = ['errorMessage' => $error->getMessage(), 'errorType' => get_class($error)];
        list($file, $line) = self::place($error);
        if ($file !== '') {
            $document['stackTrace'] = ['file' => $file, 'line' => $line, 'traceString' => self::trace($error)];
        }
        return $document;
    }

    private static function own($file)
    {
        return strncmp($file, __DIR__ . '/', strlen(__DIR__) + 1) === 0;
    }

    /** Where an error is from; what was wrong with a call of the runtime's is from the function called. */
    private static function place($error)
    {
        return self::own($error->getFile()) ? ['', 0] : [$error->getFile(), $error->getLine()];
    }

    /** The trace without the frames of the runtime. */
    private static function trace($error)
    {
        $lines = [];
        foreach (explode("\n", $error->getTraceAsString()) as $line) {
            $frame = preg_replace('/^#\d+ /', '', $line);
            if ($frame === '{main}' || self::own($frame) || strpos($frame, ': FcRuntime\\') !== false || $frame === '[internal function]: require()') {
                continue;
            }
            $lines[] = '#' . count($lines) . ' ' . $frame;
        }
        $lines[] = '#' . count($lines) . ' {main}';
        return implode("\n", $lines);
    }
}

/** $GLOBALS['fcPhpCgiProxy'], which hands requests to php-cgi on Function Compute. */
final class CgiProxy
{
    public function __call($name, $arguments)
    {
        throw new \BadMethodCallException("fcPhpCgiProxy->$name() needs php-cgi, which doesn't run locally: a custom runtime with php-fpm or `php -S` does");
    }
}
