"""A reranker on stock uvicorn. It echoes every document, framed and encoded as the query of the call says."""

import asyncio
import gzip
import json
import os
import pathlib
import re
import socket
import sys
import threading
import zlib

import uvicorn

PAUSE_SECONDS = 0.02
FILLER = "and the parcel was sent on its way once more, "


def answer(texts, spell=json.dumps):
    results = [
        f'{{"index":{index},"text":{spell(text)},"score":{1 / (index + 1)}}}'
        for index, text in enumerate(texts)
    ]
    return f"[{','.join(results)}]".encode()


def escaped(text):
    return re.sub("[@4]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text))


def long(text):
    half = FILLER * (250_000 // len(FILLER))
    return json.dumps(half + text + half)


def ready(coding):
    """The standard library has no br and no zstd: these bytes come ready from the test."""
    return (pathlib.Path(os.environ["ENCODED_DIR"]) / coding).read_bytes()


ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda _: ready("br"),
    "zstd": lambda _: ready("zstd"),
}


def pieces(body, size):
    return [body[at : at + size] for at in range(0, len(body), size)]


def error(name, texts):
    message = f"invalid input: {' | '.join(texts)}"
    return {
        "error-400-json": (400, "application/json", json.dumps({"error": message, "error_type": "Validation"})),
        "error-500-json": (500, "application/json", json.dumps({"message": message})),
        "error-400-text": (400, "text/plain; charset=utf-8", message),
        "error-500-text": (500, "text/plain; charset=utf-8", message),
        "error-500-html": (500, "text/html; charset=utf-8", f"<html><body><pre>{message}</pre></body></html>"),
    }[name]


async def read_body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def app(scope, receive, send):
    call = json.loads(await read_body(receive))
    name = call["query"].removeprefix("case ")
    body = answer(call["texts"])

    async def start(status=200, content_type="application/json", **headers):
        fields = [(b"content-type", content_type.encode())]
        fields += [(key.replace("_", "-").encode(), str(value).encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": fields})

    async def write(*parts, more=False):
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if not more:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    if name.startswith("error"):
        status, content_type, text = error(name, call["texts"])
        await start(status, content_type, content_length=len(text.encode()))
        await write(text.encode())
    elif name == "length-one-write":
        await start(content_length=len(body))
        await write(body)
    elif name == "length-many-writes":
        await start(content_length=len(body))
        await write(*pieces(body, 7))
    elif name == "chunked":
        await start()
        await write(*pieces(body, len(body) // 2))
    elif name == "chunked-small":
        await start()
        await write(*pieces(body, 1))
    elif name in ENCODERS:
        encoded = ENCODERS[name](body)
        await start(content_encoding=name, content_length=len(encoded))
        await write(encoded)
    elif name == "pause":
        at = body.index(b"@")
        await start(content_length=len(body))
        await write(body[:at], more=True)
        await asyncio.sleep(PAUSE_SECONDS)
        await write(body[at:])
    elif name == "escapes":
        await start()
        await write(answer(call["texts"], escaped))
    elif name == "large":
        await start()
        await write(answer(call["texts"], long))
    elif name == "truncated-length":
        await start(content_length=len(body) + 10)
        await write(body)
    elif name == "truncated-chunked":
        await start()
        await write(body, more=True)
        raise RuntimeError("the app fails in the middle of its answer")
    else:
        await start(501)
        await write()


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Callers may come as soon as they know the port; uvicorn listens later.
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    # The test holds our standard input: when it ends, so do we.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
