"""What web applications do, in Django: the same paths as the other frameworks here."""
import json
import os
import threading

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, re_path
from django.views.static import serve

settings.configure(SECRET_KEY="only for tests", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__)
asked = threading.Semaphore(0)


def hello(request):
    return HttpResponse("hello " + request.GET["name"])


def echo(request):
    return JsonResponse({"method": request.method, "body": json.loads(request.body), "query": request.GET["q"]})


def cookie(request):
    answer = HttpResponse(request.COOKIES.get("a", "") + request.COOKIES.get("b", ""))
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


def fail(request):
    raise RuntimeError("on purpose")


def stream(request):
    if request.method == "POST":
        asked.release()
        return HttpResponse("")

    def lines():
        for line in ("one\n", "two\n", "three\n"):
            yield line
            asked.acquire()  # the caller, who has read the line, asks for the next
    return StreamingHttpResponse(lines(), content_type="text/plain")


urlpatterns = [
    path("hello", hello), path("echo", echo), path("cookie", cookie), path("fail", fail), path("stream", stream),
    path("redirect", lambda request: redirect("/hello?name=s")),
    re_path("^static/(?P<path>.*)$", serve, {"document_root": os.path.join(os.path.dirname(__file__), "static")}),
]
app = get_wsgi_application()
