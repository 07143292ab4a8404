<?php

// Called for every invocation: $event is text, what it returns is the result.
// $context knows the invocation and its function: $context['requestId'],
// $context['function']['name'], $context['region'] and others.
function handler($event, $context)
{
    $GLOBALS['fcLogger']->info('request ' . $context['requestId'] . ': ' . strlen($event) . ' bytes');
    $data = json_decode($event, true);
    $name = is_array($data) && isset($data['name']) ? $data['name'] : 'world';
    return ['message' => 'hello ' . $name, 'event' => $data];
}
