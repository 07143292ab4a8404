raise ValueError("no good")
