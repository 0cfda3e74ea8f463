"""The protocol of Autotag's bolts (docs/bolts.md), for Python 3.8 or newer and without further packages.

    from autotag_bolt import run

    run(lambda photo_tuple, photo: {"attributes": {"bytes": len(photo)}})
"""

import json
import os
import sys
import traceback


def run(process, init=None):
    """Calls `process(tuple, photo)` for each tuple, until the node closes the input.

    What it returns is added to the tuple: attributes, or tags in place of its own; None adds nothing. An exception costs
    the photo an attempt. `init(place)` is called before the first tuple. Whatever is printed goes to the node's log.
    """
    source = sys.stdin.buffer
    # Standard output is the node's: what anybody prints there, also below Python, goes to standard error.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def say(message):
        sink.write(json.dumps(message, allow_nan=False).encode() + b"\n")
        sink.flush()

    for line in source:
        message = json.loads(line)
        if "hello" in message:
            if init is not None:
                init(message["hello"])
            say({"ready": {"protocol": 1}})
            continue
        request = message["process"]
        photo = source.read(request.get("bytes", 0))
        try:
            say({"done": {"n": request["n"], "output": process(request["tuple"], photo) or {}}})
        except Exception as error:
            traceback.print_exc()
            say({"failed": {"n": request["n"], "message": repr(error)}})
