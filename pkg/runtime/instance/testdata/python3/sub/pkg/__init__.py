VALUE = "from a package"
