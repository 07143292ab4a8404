<?php

function handler($event, $context)
{
    $order = json_decode($event, true);
    switch ($order['do']) {
        case 'fail':
            throw new Exception($order['id']);
        case 'exit':
            exit(hexdec(substr($order['id'], -1)) % 2);
        case 'hang':
            while (true) {
                sleep(600);
            }
        case 'orphan':
            exec('sleep 600 > /dev/null 2>&1 &');
            break;
        case 'print':
            echo str_repeat('x', 200000), "\n";
            break;
        case 'fill':
            file_put_contents('/tmp/filled-' . $order['id'], str_repeat('x', 20000000));
            unlink('/tmp/filled-' . $order['id']);
            break;
        case 'memory':
            $kept = [];
            for ($n = 0; $n < 64; $n++) {
                $kept[] = str_repeat(chr($n), 16 << 20);
            }
            return (string) count($kept);
    }
    return json_encode(['id' => $order['id']]);
}
