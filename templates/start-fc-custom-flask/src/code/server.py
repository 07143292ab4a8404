"""A Flask app for a custom runtime."""
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "DELETE"])
@app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
def show(path):
    """Answers with what the request was."""
    app.logger.info("%s %s /%s", request.headers.get("x-fc-request-id"), request.method, path)
    return jsonify(
        message="hello world",
        method=request.method,
        path="/" + path,
        query=request.args.to_dict(),
        body=request.get_data(as_text=True),
    )
