<?php
// The handlers that every language has (see clauses_test.go); h_ keeps their names
// apart from PHP's own functions.

function h_echo($event, $context) { return $event; }
function h_text($event, $context) { return 'grüße 你好 😀'; }
function h_nothing($event, $context) {}
function h_number($event, $context) { return 42; }
function h_boolean($event, $context) { return true; }
function h_document($event, $context) { return ['a' => [1, 'two', null], 'b' => ['c' => true], 'd' => 1.5, 'e' => 'ü']; }
function h_size($event, $context) { return str_repeat('x', (int) $event); }

$calls = 0;

function h_count($event, $context) { return (string) ++$GLOBALS['calls']; }

function h_temporary($event, $context)
{
    $path = sys_get_temp_dir() . '/kept';
    file_put_contents($path, $event, FILE_APPEND);
    return file_get_contents($path);
}

function h_child($event, $context) { return trim(shell_exec('echo from a child')); }
function h_fail($event, $context) { throw new RuntimeException($event); }

class Mine extends Exception
{
}

function h_fail_type($event, $context) { throw new Mine($event); }
function deeper($message) { throw new RuntimeException($message); }
function h_fail_deep($event, $context) { deeper($event); }

function h_fail_odd($event, $context)
{
    if ((int) $event % 2) {
        throw new RuntimeException('odd');
    }
    return 'fine';
}

function h_recurse($event, $context) { return $event === '' ? 'fine' : h_recurse($event, $context); }
function h_unserialisable($event, $context) { return ["\xff"]; }

function h_leave($event, $context)
{
    echo "leaving\n";
    exit((int) $event);
}

function h_signal_process($event, $context)
{
    exec("kill -$event " . getmypid());
    sleep(30);
}

function h_sleep($event, $context) { sleep(600); }

function h_spin($event, $context)
{
    while (true) {
    }
}

function h_deaf($event, $context)
{
    pcntl_signal(SIGTERM, SIG_IGN);
    sleep(600);
}

function h_allocate($event, $context)
{
    $kept = [];
    for ($n = 0; $n < (int) $event; $n++) {
        $kept[] = random_bytes(1024) . str_repeat('x', 1047552);
    }
    return count($kept);
}

// The shell's child is sleep only once it has executed it.
function h_orphan($event, $context) { return exec('sleep 600 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do sleep 0.01; done; echo $!'); }

function h_context($event, $context)
{
    return [
        'requestId' => $context['requestId'], 'functionName' => $context['function']['name'], 'handler' => $context['function']['handler'],
        'memory' => $context['function']['memory'], 'timeout' => $context['function']['timeout'], 'region' => $context['region'],
        'accountId' => $context['accountId'], 'serviceName' => $context['service']['name'], 'qualifier' => $context['service']['qualifier'],
        'versionId' => $context['service']['versionId'], 'accessKeyId' => $context['credentials']['accessKeyId'],
        'accessKeySecret' => $context['credentials']['accessKeySecret'], 'securityToken' => $context['credentials']['securityToken'],
    ];
}

function h_environment($event, $context) { return $_ENV; }

function h_places($event, $context)
{
    return ['cwd' => getcwd(), 'here' => is_file('clauses.php'), 'writable' => is_writable(__DIR__)];
}

function h_layer_file($event, $context) { return trim(file_get_contents('/opt/file.txt')); }
function h_layer_library($event, $context) { return ini_get('user_agent'); }
function h_layer_program($event, $context) { return trim(shell_exec('of-a-layer')); }

$total = 0;

function h_add_one($context)
{
    echo "initializing\n";
    $GLOBALS['total'] += 1;
}

function h_add_two($event, $context) { return $GLOBALS['total'] += 2; }
function h_fail_to_initialize($context) { throw new RuntimeException('no database'); }
function h_initialize_long($context) { sleep(600); }
function h_initialize_exit($context) { exit(1); }
function h_stop_here($context) { echo "stopping after {$GLOBALS['calls']}\n"; }
function h_stop_fails($context) { throw new RuntimeException("can't stop"); }

function h_print_all($event, $context)
{
    echo "to stdout\n";
    fwrite(STDERR, "to stderr\n");
    echo "你好 😀\n";
    echo 'no newline';
}

function h_log($event, $context)
{
    $GLOBALS['fcLogger']->info('an info');
    $GLOBALS['fcLogger']->warning('a warning');
    $GLOBALS['fcLogger']->error('an error');
}

function h_print_long($event, $context) { echo str_repeat('x', 100000), "\n"; }

function h_print_many($event, $context)
{
    for ($n = 0; $n < 2000; $n++) {
        echo "line $n\n";
    }
}

function h_print_flood($event, $context)
{
    $line = str_repeat('y', 1000);
    for ($n = 0; $n < 20000; $n++) {
        echo "$line\n";
    }
    return 'survived';
}

function h_close_output($event, $context)
{
    if (is_resource(STDOUT)) {
        fclose(STDOUT);
    }
    return 'fine';
}

function h_http($request, $context)
{
    $answer = implode('|', [
        $request->getMethod(), $request->getAttribute('path'), $request->getUri()->getQuery(), implode(',', $request->getHeader('X-Mine')),
        $request->getHeaderLine('Content-Type'), $request->getBody(),
    ]);
    return new RingCentral\Psr7\Response(201, ['Content-Type' => 'text/plain', 'X-Answer' => 'yes'], $answer);
}

function h_http_echo($request, $context)
{
    return new RingCentral\Psr7\Response(200, ['Content-Type' => 'application/octet-stream'], $request->getBody());
}

function h_http_fail($request, $context) { throw new RuntimeException('no page'); }
