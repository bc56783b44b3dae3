"""Serves one GGUF model with llama.cpp's own HTTP server, out of the wheel xllamacpp.

Started by jan-server. Its only argument is a JSON object: model, alias, host, port, threads,
context_tokens, parallel. It ends when its standard input closes, that is, when jan-server is gone.
"""

import json
import os
import sys

import xllamacpp


def params_of(wish):
    params = xllamacpp.CommonParams()
    params.model.path = wish["model"]
    params.model_alias = {wish["alias"]}
    params.hostnames = [wish["host"]]
    params.port = wish["port"]
    params.cpuparams.n_threads = wish["threads"]
    params.cpuparams_batch.n_threads = wish["threads"]
    # The context is cut into `parallel` equal slots, one per request answered at a time.
    params.n_ctx = wish["context_tokens"]
    params.n_parallel = wish["parallel"]
    params.use_jinja = True
    params.cache_prompt = True
    params.cache_ram_mib = 512
    # What a local process or a web page has no business with: other callers' prompts, a page, CORS.
    params.endpoint_slots = False
    params.ui = False
    params.cors_origins = ""
    return params


def main():
    server = xllamacpp.Server(params_of(json.loads(sys.argv[1])))
    print("listening on", server.listening_address, flush=True)
    while sys.stdin.buffer.read(4096):
        pass
    # The server's threads have nothing to save, so nothing is waited for.
    os._exit(0)


main()
