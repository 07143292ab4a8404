"""What web applications do, in Flask: the same paths as the other frameworks here."""
import threading

from flask import Flask, Response, jsonify, make_response, redirect, request

app = Flask(__name__, static_folder="static")
asked = threading.Semaphore(0)


@app.get("/hello")
def hello():
    return "hello " + request.args["name"]


@app.post("/echo")
def echo():
    return jsonify(method=request.method, body=request.get_json(), query=request.args["q"])


@app.get("/cookie")
def cookie():
    answer = make_response(request.cookies.get("a", "") + request.cookies.get("b", ""))
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


@app.get("/redirect")
def moved():
    return redirect("/hello?name=s")


@app.get("/fail")
def fail():
    raise RuntimeError("on purpose")


@app.get("/stream")
def stream():
    def lines():
        for line in ("one\n", "two\n", "three\n"):
            yield line
            asked.acquire()  # the caller, who has read the line, asks for the next
    return Response(lines(), mimetype="text/plain")


@app.post("/stream")
def go_on():
    asked.release()
    return ""
