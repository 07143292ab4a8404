<?php

namespace FcRuntime;

/** The log of the function: whole lines on a descriptor of its own. */
final class Output
{
    private static $stream;
    public static $requestId = '';

    public static function open()
    {
        self::$stream = fopen('php://stdout', 'w'); // stays when the user's code closes STDOUT
    }

    public static function line($text)
    {
        fwrite(self::$stream, $text . "\n");
    }

    public static function record($level, $text)
    {
        self::line(gmdate('Y-m-d\TH:i:s\Z') . ' ' . self::$requestId . " [$level] $text");
    }
}

/** $GLOBALS['fcLogger']: the methods of PSR-3 and the older names of Monolog's. */
class Logger
{
    public function emergency($message, array $context = []): void
    {
        $this->log('emergency', $message, $context);
    }

    public function alert($message, array $context = []): void
    {
        $this->log('alert', $message, $context);
    }

    public function critical($message, array $context = []): void
    {
        $this->log('critical', $message, $context);
    }

    public function error($message, array $context = []): void
    {
        $this->log('error', $message, $context);
    }

    public function warning($message, array $context = []): void
    {
        $this->log('warning', $message, $context);
    }

    public function notice($message, array $context = []): void
    {
        $this->log('notice', $message, $context);
    }

    public function info($message, array $context = []): void
    {
        $this->log('info', $message, $context);
    }

    public function debug($message, array $context = []): void
    {
        $this->log('debug', $message, $context);
    }

    public function log($level, $message, array $context = []): void
    {
        $values = [];
        foreach ($context as $key => $value) {
            if ($value === null || is_scalar($value) || is_object($value) && method_exists($value, '__toString')) {
                $values['{' . $key . '}'] = (string) $value;
            }
        }
        $text = strtr((string) $message, $values);
        $rest = array_filter($context, function ($key) use ($message) {
            return strpos((string) $message, '{' . $key . '}') === false;
        }, ARRAY_FILTER_USE_KEY);
        if ($rest) {
            $text .= ' ' . json_encode($rest, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
        }
        Output::record(strtoupper((string) $level), $text);
    }

    /** addInfo(), warn() and so on, as Monolog 1 has them. */
    public function __call($name, $arguments)
    {
        $short = ['warn' => 'warning', 'err' => 'error', 'crit' => 'critical', 'emerg' => 'emergency'];
        $level = strtolower(strncmp($name, 'add', 3) === 0 ? substr($name, 3) : $name);
        $level = isset($short[$level]) ? $short[$level] : $level;
        if ($level === 'record' || !method_exists(__CLASS__, $level)) {
            throw new \BadMethodCallException("the logger has no method $name");
        }
        $this->$level(...$arguments);
        return true;
    }
}
