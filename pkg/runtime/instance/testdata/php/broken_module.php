<?php
function handler($event, $context) { return $event; }
throw new DomainException("while loading");
