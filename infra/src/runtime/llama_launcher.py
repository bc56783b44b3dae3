"""Serves one GGUF model with llama.cpp's own HTTP server, out of the wheel xllamacpp.

Started by jan-server. Its only argument is a JSON object: model, alias, host, port, threads,
context_tokens, parallel. It runs until it is told to stop by a signal.
"""

import json
import signal
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
    # One context for all: a lone long conversation may fill it, several share it.
    params.n_ctx = wish["context_tokens"]
    params.n_parallel = wish["parallel"]
    params.kv_unified = True
    params.use_jinja = True
    params.cache_prompt = True
    params.cache_ram_mib = 512
    # What a local process or a web page has no business with: other callers' prompts, a console.
    params.endpoint_slots = False
    params.ui = False
    params.cors_origins = "localhost"
    return params


def main():
    server = xllamacpp.Server(params_of(json.loads(sys.argv[1])))
    print("listening on", server.listening_address, flush=True)
    # The server's own threads answer. They have nothing to save, so the signal ends all at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        signal.pause()


main()
