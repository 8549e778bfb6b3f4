"""A small server that speaks OpenAI's protocol, as Ollama, vLLM and llama.cpp do: it repeats what it was asked."""

import contextlib
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        if self.path == "/v1/embeddings":
            self.whole(200, {"data": [{"embedding": [0.6, 0.8]}], "usage": {"prompt_tokens": 7}})
            return
        said = body["messages"][-1]["content"]
        if said.startswith("fail with "):
            self.whole(int(said.split()[-1]), {"error": {"message": "Too much at once."}})
        elif body.get("stream"):
            self.streamed(said)
        else:
            message = {"role": "assistant", "content": f"You said: {said}"}
            usage = {"prompt_tokens": 11, "completion_tokens": 5}
            self.whole(200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})

    def whole(self, status, answer):
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def streamed(self, said):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, word in enumerate(said.split()):
            if number:
                # The test lets each further word go.
                self.server.go_on.acquire(timeout=20)
            self.event({"choices": [{"delta": {"content": word + " "}}]})
        self.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self.event({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5}})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, event):
        try:
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
        except OSError:
            self.server.left.set()
            raise

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.go_on = threading.Semaphore(0)
        # Somebody went away before the end.
        self.left = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_):
        pass


@contextlib.contextmanager
def serving():
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
