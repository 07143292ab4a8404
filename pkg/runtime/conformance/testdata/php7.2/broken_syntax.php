<?php
function handler($event, $context {
}
