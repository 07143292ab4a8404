<?php
require "there_is_no_such_file.php";
