<?php
namespace My\Own;

function handler($event, $context) { return __FUNCTION__; }
