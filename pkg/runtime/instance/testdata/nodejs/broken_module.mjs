import './there_is_no_such_file.mjs'
