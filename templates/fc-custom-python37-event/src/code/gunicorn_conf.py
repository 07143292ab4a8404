# A custom runtime must listen on all interfaces, on caPort of s.yaml (9000 by default).
bind = "0.0.0.0:9000"

# workers * threads requests at once; instanceConcurrency in s.yaml should not exceed it.
workers = 2
threads = 4

# Seconds that an idle connection stays open: Function Compute wants 15 minutes.
keepalive = 900

# "-" is the standard output: the lines become the logs of the function.
accesslog = "-"
errorlog = "-"
