<?php

namespace FcRuntime;

/** The same, for functions that ask for the interface of PSR-3, whose package they bring. */
final class PsrLogger extends Logger implements \Psr\Log\LoggerInterface
{
}
