name = "a library of a layer"
