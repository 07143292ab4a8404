<?php
// A function that hands the logger to code that asks for PSR-3's interface.

require 'Psr/Log/autoload.php';

function work(Psr\Log\LoggerInterface $log)
{
    $log->info('by the interface');
    return get_class($log);
}

function handler($event, $context)
{
    return work($GLOBALS['fcLogger']);
}
