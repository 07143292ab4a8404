<?php
throw new RuntimeException("no good");
