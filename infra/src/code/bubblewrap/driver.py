"""Runs one program in a process of its own, within the sandbox, and tells what came of it.

Started as `python3 -I -c <this> <bounds>`; speaks the protocol of `wire.rs`. The program lies in
/job/main.py and runs in /work. It may kill or confuse this process, being the same user: then its run
counts as killed, or as what it says.
"""
import base64
import codecs
import json
import os
import resource
import signal
import stat
import struct
import subprocess
import sys
import threading
import time

BOUNDS = json.loads(sys.argv[1])
# Files that the program may have open; processes and threads in the sandbox.
FILES, TASKS = 64, 16
MESSAGE_LOCK = threading.Lock()

# In the program's own process: like a cell of a notebook, it gives back its last expression's value.
RUN = r'''
import ast, linecache, os, sys, traceback
value_fd, value_max = int(sys.argv[1]), int(sys.argv[2])
sys.argv = ["main.py"]
scope = {"__name__": "__main__", "__builtins__": __builtins__}
try:
    with open("/job/main.py", encoding="utf-8", newline="") as file:
        source = file.read()
    linecache.cache["main.py"] = (len(source), None, source.splitlines(True), "main.py")
    tree = ast.parse(source, "main.py")
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "main.py", "exec"), scope)
    if last is not None:
        value = eval(compile(last, "main.py", "eval"), scope)
        if value is not None:
            os.write(value_fd, repr(value)[:value_max].encode("utf-8", "replace"))
except SystemExit:
    raise
except BaseException as error:
    below = error.__traceback__ and error.__traceback__.tb_next
    traceback.print_exception(type(error), error, below)
    sys.exit(1)
'''


def say(word):
    message = json.dumps(word).encode()
    with MESSAGE_LOCK:
        sys.stdout.buffer.write(struct.pack(">I", len(message)) + message)
        sys.stdout.buffer.flush()


def end_with_the_server():
    """The server says nothing more, so whatever comes is its end."""
    os.read(0, 1)
    os.kill(-1, signal.SIGKILL)
    os._exit(1)


def confine():
    most = lambda which, bound: resource.setrlimit(which, (bound, bound))
    most(resource.RLIMIT_CORE, 0)
    most(resource.RLIMIT_NOFILE, FILES)
    most(resource.RLIMIT_NPROC, TASKS)
    most(resource.RLIMIT_CPU, BOUNDS["time_ms"] // 1000 + 2)
    most(resource.RLIMIT_AS, BOUNDS["memory_bytes"] + BOUNDS["memory_ahead"])


class Listener(threading.Thread):
    """Passes on what the program prints, up to the limit, and reads the rest away."""

    def __init__(self, pipe, stream):
        super().__init__(daemon=True)
        self.pipe, self.stream = pipe, stream
        self.room, self.cut, self.last = BOUNDS["output_bytes"], False, ""

    def run(self):
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while chunk := self.pipe.read1(8192):
            kept = chunk[: self.room]
            self.room -= len(kept)
            self.cut = self.cut or len(kept) < len(chunk)
            text = decode(kept)
            if text:
                say({"word": "said", "stream": self.stream, "text": text})
            self.last = (self.last + chunk.decode("utf-8", "replace"))[-4096:]


def files():
    """The regular files that were left, by name."""
    found, room = [], BOUNDS["artifact_bytes"]
    for folder, folders, names in os.walk("/work"):
        folders.sort()
        for name in sorted(names):
            if len(found) == BOUNDS["artifacts"]:
                return found
            path = os.path.join(folder, name)
            try:
                status = os.lstat(path)
                if not stat.S_ISREG(status.st_mode):
                    continue
                whole = None
                if status.st_size <= room:
                    with open(path, "rb") as file:
                        whole = file.read(room)
                    room -= len(whole)
            except OSError:
                continue
            relative = os.path.relpath(path, "/work").encode("utf-8", "replace").decode()
            text = None if whole is None else base64.b64encode(whole).decode()
            found.append({"name": relative, "size": status.st_size, "bytes": text})
    return found


def main():
    value_in, value_out = os.pipe()
    most = str(BOUNDS["output_bytes"])
    # Said before, because the program may kill this process at once.
    say({"word": "begun"})
    program = subprocess.Popen(
        [sys.executable, "-I", "-c", RUN, str(value_out), most],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[value_out],
        preexec_fn=confine,
        cwd="/work",
    )
    os.close(value_out)
    threading.Thread(target=end_with_the_server, daemon=True).start()
    out, errors = Listener(program.stdout, "stdout"), Listener(program.stderr, "stderr")
    out.start()
    errors.start()
    value = []
    reader = threading.Thread(target=lambda: value.append(os.read(value_in, 65536)), daemon=True)
    reader.start()
    try:
        code = program.wait(BOUNDS["time_ms"] / 1000)
    except subprocess.TimeoutExpired:
        code = None
    # What it left running holds its pipes and would go on writing.
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
    program.wait()
    for thread in (out, errors, reader):
        thread.join(0.2)
    say(ended(code, out, errors, b"".join(value)))


def ended(code, out, errors, value):
    lines = errors.last.strip().splitlines()
    word = {
        "word": "ended",
        "outcome": outcome(code, lines),
        "output_cut": out.cut or errors.cut,
        "value": value.decode("utf-8", "replace") or None,
        "error": lines[-1] if code and lines else None,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        "files": files() if code is not None else [],
    }
    if code and word["error"] is None:
        word["error"] = f"it ended with status {code}"
    return word


def outcome(code, lines):
    if code is None or code == -signal.SIGXCPU:
        return "timed_out"
    if code < 0:
        return "killed"
    if code and lines and lines[-1].split(":")[0].strip() == "MemoryError":
        return "out_of_memory"
    return "raised" if code else "finished"


main()
