<?php
// Handlers of the conformance tests; each is named after what it shows.

$counter = 0;

function echo_event($event, $context) { return $event; }
function event_type($event, $context) { return gettype($event); }
function nothing($event, $context) {}
function nothing_at_all($event, $context) { return ''; }
function raw($event, $context) { return implode('', array_map('chr', range(0, 255))); }
function number($event, $context) { return 42; }
function document($event, $context) { return ['b' => 1.5, 'a' => ['grüße', '你好'], 'c' => new Point(), 'd' => null, 'e' => true, 'u' => 'a/b']; }
function unserialisable($event, $context) { return ['x' => "\xff"]; }
function big($event, $context) { return str_repeat('x', (int) $event); }

class Point implements JsonSerializable
{
    public function jsonSerialize(): array
    {
        return ['x' => 1];
    }

    public static function handle($event, $context)
    {
        return 'by a method';
    }
}

class OwnException extends Exception
{
}

function fail($event, $context) { throw new OwnException("wrong: $event"); }
function fail_bytes($event, $context) { throw new OwnException("\xff!"); }
function fail_deep($event, $context) { inner('a secret that is long'); }
function inner($x) { throw new LogicException('deep'); }
function type_error($event, $context) { return strlen([]); }
function recursion($event, $context) { return recursion($event, $context); }

function warns($event, $context)
{
    $list = ['a' => 1];
    return $list['b'];
}

function hidden_warning($event, $context)
{
    $f = @fopen('/nowhere/at/all', 'r');
    return $f === false ? 'no file' : 'a file';
}

function deprecated_warning($event, $context)
{
    trigger_error('old', E_USER_DEPRECATED);
    return 'fine';
}

function trigger($event, $context) { trigger_error('by the user', E_USER_ERROR); }

function own_handler($event, $context)
{
    set_error_handler(function ($severity, $message) {
        echo "mine: $message\n";
        return true;
    });
    return warns($event, $context);
}

function out_of_memory($event, $context)
{
    ini_set('memory_limit', '32M');
    $parts = [];
    while (true) {
        $parts[] = str_repeat('x', 1 << 20);
    }
}

function redeclare($event, $context) { require __DIR__ . '/redeclare.inc'; }

function leaves($event, $context)
{
    register_shutdown_function(function () {
        echo "at the end\n";
    });
    echo "leaving\n";
    exit(7);
}

function dies($event, $context) { die('last words'); }

function sleeps($event, $context)
{
    usleep((int) (1e6 * (float) ($event ?: 60)));
    return 'slept';
}

function limited($event, $context)
{
    set_time_limit(1);
    while ($event === 'loop') {
    }
    return 'done';
}

function prints($event, $context)
{
    echo "to stdout 你好\n";
    fwrite(STDERR, "to stderr\n");
    error_log('by error_log');
    ob_start();
    print "kept back\n";
    echo 'no newline';
    return '';
}

function many_lines($event, $context)
{
    for ($i = 0; $i < 2000; $i++) {
        echo "line $i\n";
    }
    return '';
}

function closes($event, $context)
{
    fclose(STDOUT);
    echo "into nothing\n";
    return 'fine';
}

function logs($event, $context)
{
    $log = $GLOBALS['fcLogger'];
    $log->info('an info');
    $log->warning("two\nlines");
    $log->error('with {what}, {rest} of {list}', ['what' => 'context', 'rest' => 1, 'list' => [1]]);
    $log->debug('more', ['key' => '你']);
    $log->addNotice('older');
    $log->warn('short');
    $log->log('critical', 'by level');
    return '';
}

function wrong_logger($event, $context) { $GLOBALS['fcLogger']->addNothing('x'); }
function cgi($event, $context) { $GLOBALS['fcPhpCgiProxy']->requestPhpCgi(null, '/code', 'index.php'); }

function context_fields($event, $context) { return $context; }

function environment($event, $context)
{
    $names = array_values(array_filter(array_keys($_ENV), function ($name) {
        return strncmp($name, 'FC_', 3) === 0 || strncmp($name, '_FC_', 4) === 0;
    }));
    sort($names);
    return [
        'reserved' => $names, 'getenv' => (string) getenv('FC_RUNTIME_API') !== '', 'mine' => getenv('MINE'), 'key' => getenv('ALIBABA_CLOUD_ACCESS_KEY_ID'),
        'cwd' => realpath(getcwd()) === realpath(getenv('FC_FUNC_CODE_PATH')), 'dir' => realpath(getcwd()) === __DIR__,
        'memory' => ini_get('memory_limit'), 'global' => isset($GLOBALS['counter']), 'setting' => ini_get('user_agent'), 'extension' => extension_loaded('json'),
    ];
}

function add_one($context)
{
    $GLOBALS['counter'] += 1;
    echo "initializing for {$context['requestId']}\n";
}

function add_two($event, $context)
{
    global $counter;
    $counter += 2;
    return $counter;
}

function fail_to_initialize($context) { throw new RuntimeException('no database'); }
function stop($context) { echo "stopping, after {$GLOBALS['counter']}\n"; }

function child($event, $context) { return shell_exec('echo from a child'); }

function forks($event, $context)
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        exit(0);
    }
    pcntl_waitpid($pid, $status);
    return 'parent';
}
