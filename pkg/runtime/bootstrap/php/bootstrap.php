<?php
// The language runtime for PHP 7.2 and later: it asks the Runtime API
// (FC_RUNTIME_API) for the next invocation, calls the user's handler and posts
// the result, again and again, one after the other.

require __DIR__ . '/client.php';
require __DIR__ . '/logger.php';
require __DIR__ . '/runtime.php';

FcRuntime\Runtime::prepare();

// The user's files are loaded here, and nowhere else: what they set outside of
// functions is global.
while (FcRuntime\Runtime::serve()) {
    try {
        require FcRuntime\Runtime::$file;
        FcRuntime\Runtime::loaded();
    } catch (Throwable $fcError) {
        FcRuntime\Runtime::notLoaded($fcError);
        unset($fcError);
    }
}
