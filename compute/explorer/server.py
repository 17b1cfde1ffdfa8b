"""The pages over HTTP, for this machine alone; they renew themselves when the chain moves."""

import socket
import threading
import webbrowser

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from compute.chain.refusals import WORDS
from compute.explorer import render
from compute.explorer.content import Content
from compute.explorer.site import ADDRESS, STATIC, NoSuchPage, Site
from compute.explorer.watch import Watch

HOST = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": f"{render.POLICY}; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def application(watch: Watch, content: Content) -> Starlette:
    """The pages of what `watch` sees. Requests for another host are refused, so that no page of the
    web can read these under a name of its own."""

    def page(request: Request) -> Response:
        path = request.path_params["path"] or "index.html"
        if path in STATIC:
            return Response(render.static(path), media_type=STATIC[path], headers=HEADERS)
        try:
            body = Site(watch.current(), content, watch.chain, live=True).page(path)
        except NoSuchPage:
            return PlainTextResponse("There is no such page.", 404, HEADERS)
        return Response(body, media_type="text/html", headers=HEADERS)

    def state(_: Request) -> Response:
        world = watch.current()
        return JSONResponse({"version": world.version, "now": world.head.timestamp}, 200, HEADERS)

    def reasons(_: Request) -> Response:
        return JSONResponse(WORDS, 200, HEADERS)

    def find(request: Request) -> Response:
        asked = request.query_params.get("address", "").strip()
        if not ADDRESS.fullmatch(asked):
            return PlainTextResponse("An address is 0x and 40 hexadecimal digits.", 400, HEADERS)
        return RedirectResponse(f"account/{asked}.html", 303, HEADERS)

    return Starlette(
        routes=[
            Route("/live.json", state),
            Route("/reasons.json", reasons),
            Route("/find", find),
            Route("/{path:path}", page),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def listen(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one. Raises OSError."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((HOST, port))
    found.listen()  # who comes before the server does waits, and is not refused
    return found


def serve(watch: Watch, content: Content, listener: socket.socket, *, browse: bool) -> None:
    """Serve until interrupted; with `browse`, show the first page."""
    config = uvicorn.Config(application(watch, content), log_level="warning", access_log=False)
    watch.start()
    if browse:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        watch.stop()
