"""A FastAPI app for a custom runtime."""
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/items/{number}")
async def item(number: int, detail: bool = False):
    """A typed route: what doesn't fit is answered with 422 and the reason."""
    return {"number": number, "detail": detail}


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False)
async def show(path: str, request: Request):
    """Answers with what the request was."""
    body = await request.body()
    return {
        "message": "hello world",
        "method": request.method,
        "path": "/" + path,
        "query": dict(request.query_params),
        "body": body.decode("utf-8", "backslashreplace"),
    }
