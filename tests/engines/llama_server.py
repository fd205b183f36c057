"""The server of llama.cpp, out of its wheel. Usage: llama_server.py MODEL PORT PARALLEL"""
import sys
import time

import xllamacpp

model, port, parallel = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = model
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_parallel = parallel
params.n_ctx = 4096 * parallel
params.warmup = False
params.endpoint_slots = True
# Of the usual few threads some sleep for 3 s while new connections wait, once others are idle.
params.n_threads_http = 64
params.cpuparams.n_threads = 1
# Returns once the model is loaded; the port is open before.
server = xllamacpp.Server(params)
while True:
    time.sleep(3600)
