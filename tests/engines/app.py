"""A model in a few lines, for uvicorn (`asynchronous`) and gunicorn (`synchronous`).

It writes the path of each generation that it begins to the file GENERATIONS. A path says how it goes:
/350 takes so many milliseconds, /hangs goes on for a minute, /hangs-once does that the first time. What hangs
does not hear of a time-out, like a model at work outside of Python.
"""
import asyncio
import json
import os
import signal
import time

GENERATIONS = os.environ["GENERATIONS"]
ANSWER = json.dumps({"generated_text": "a canal, Panama"}).encode()


def begin(path):
    """Seconds that it takes."""
    if path == "/ready":
        return 0
    with open(GENERATIONS, "a+") as log:
        log.seek(0)
        before = log.read().splitlines()
        log.write(path + "\n")
    if path == "/hangs" or path == "/hangs-once" and path not in before:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGABRT})
        return 60
    return int(path[1:]) / 1000 if path[1:].isdigit() else 0


async def asynchronous(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(begin(scope["path"]))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": ANSWER})


def synchronous(environ, start_response):
    environ["wsgi.input"].read()
    time.sleep(begin(environ["PATH_INFO"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]
