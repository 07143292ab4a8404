"""What web applications do, in FastAPI: the same paths as the other frameworks here."""
import asyncio
import os

from fastapi import Body, Cookie, FastAPI, Response, WebSocket
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

app = FastAPI()
app.mount("/static", StaticFiles(directory=os.path.join(os.path.dirname(__file__), "static")))
asked = asyncio.Semaphore(0)


@app.get("/hello", response_class=PlainTextResponse)
async def hello(name: str):
    return "hello " + name


@app.post("/echo")
async def echo(q: str, body: dict = Body()):
    return {"method": "POST", "body": body, "query": q}


@app.get("/cookie")
async def cookie(a: str = Cookie(""), b: str = Cookie("")):
    answer = PlainTextResponse(a + b)
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


@app.get("/redirect")
async def moved():
    return RedirectResponse("/hello?name=s", status_code=302)


@app.get("/fail")
async def fail():
    raise RuntimeError("on purpose")


@app.get("/stream")
async def stream():
    async def lines():
        for line in ("one\n", "two\n", "three\n"):
            yield line
            await asked.acquire()  # the caller, who has read the line, asks for the next
    return StreamingResponse(lines(), media_type="text/plain")


@app.post("/stream")
async def go_on():
    asked.release()
    return Response()


@app.websocket("/ws")
async def chat(ws: WebSocket):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text("heard " + text)
