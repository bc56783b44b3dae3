"""A server by the official Python SDK, which speaks both eras. It prints its URL."""

import socket

import uvicorn
from mcp.server import MCPServer

server = MCPServer("python-sdk")


@server.tool()
def add(a: float, b: float) -> dict[str, float]:
    """Adds two numbers."""
    return {"sum": a + b}


listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
app = server.streamable_http_app()
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
