<?php
function handler($event, $context)
{
    return "from a folder";
}
