VALUE = {}["key"]
