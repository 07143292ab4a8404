raise KeyError(u"\u4f60")
