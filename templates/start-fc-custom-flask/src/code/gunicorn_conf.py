"""How gunicorn serves the app; Function Compute sends requests to port 9000."""
import os

bind = "0.0.0.0:" + os.environ.get("FC_SERVER_PORT", "9000")
workers = 1
threads = 20
# Function Compute keeps its connections for 15 minutes.
keepalive = 900
timeout = 0
errorlog = "-"
