"""Runs a Python function: the client of the Lambda Runtime API.

Behaves as the runtime of AWS does, error texts and log lines included. Every import here delays each cold start, so
there are few: HTTP is spoken over a bare socket, and what only errors or logging need is imported when they come.
"""

import _socket
import os
import sys

_ADDRESS = os.environ["AWS_LAMBDA_RUNTIME_API"]
_BASE = "/2018-06-01/runtime/"
_JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
# AWS escapes non-ASCII characters in answers up to Python 3.11.
_ASCII_ONLY = sys.version_info < (3, 12)

_request_id = None


class _Fault(Exception):
    def __init__(self, kind, message, trace=()):
        self.kind, self.message, self.trace = kind, message, list(trace)


class _Client:
    """One connection, kept alive. The server gives every answer a Content-Length."""

    def __init__(self):
        host, port = _ADDRESS.rsplit(":", 1)
        self._socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._socket.connect((host, int(port)))
        self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._next = f"GET {_BASE}invocation/next HTTP/1.1\r\nHost: {_ADDRESS}\r\n\r\n".encode()

    def next(self):
        self._send(self._next)
        return self._receive()

    def post(self, path, body, headers=""):
        head = f"POST {_BASE}{path} HTTP/1.1\r\nHost: {_ADDRESS}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self._send(head.encode() + body)
        self._receive()

    def _send(self, data):
        view = memoryview(data)
        while view:
            view = view[self._socket.send(view) :]

    def _receive(self):
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._some()
        headers = {}
        for line in data[:end].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        parts, missing = [data[end + 4 :]], int(headers.get("content-length", 0)) - (len(data) - end - 4)
        while missing > 0:
            parts.append(self._some())
            missing -= len(parts[-1])
        return headers, b"".join(parts)

    def _some(self):
        data = self._socket.recv(65536)
        if not data:
            # The server is gone, and so is the reason to be.
            os._exit(0)
        return data


class CognitoIdentity:
    def __init__(self, fields):
        self.cognito_identity_id = fields.get("cognitoIdentityId")
        self.cognito_identity_pool_id = fields.get("cognitoIdentityPoolId")

    def __repr__(self):
        return (
            f"{type(self).__name__}([cognito_identity_id={self.cognito_identity_id},"
            f"cognito_identity_pool_id={self.cognito_identity_pool_id}])"
        )


class Client:
    def __init__(self, fields):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, fields.get(name))


class ClientContext:
    def __init__(self, fields):
        self.client = Client(fields["client"]) if fields.get("client") else None
        self.custom = fields.get("custom")
        self.env = fields.get("env")


class LambdaContext:
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")

    def __init__(self, headers, loads):
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(loads(client)) if client else None
        self.identity = CognitoIdentity(loads(headers.get("lambda-runtime-cognito-identity") or "{}") or {})
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        import time

        return max(int(self._epoch_deadline_time_in_ms - time.time() * 1000), 0)

    def log(self, message):
        _write_message(message if isinstance(message, str) else str(message))

    def __repr__(self):
        fields = ",".join(
            f"{name}={getattr(self, name)}"
            for name in (
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "client_context",
                "identity",
                "tenant_id",
            )
        )
        return f"{type(self).__name__}([{fields}])"


def _write_message(text):
    """One message is one log event: within it, a line ends with a carriage return."""
    sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")


def _now():
    import time

    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def _log_error(error):
    if _JSON_LOGS:
        import json

        line = {"timestamp": _now(), "log_level": "ERROR", **error}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        return
    lines = [
        f"[ERROR] {error['errorType']}: {error['errorMessage']}"
        if error["errorMessage"]
        else f"[ERROR] {error['errorType']}"
    ]
    lines.append("Traceback (most recent call last):")
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            # CloudWatch would trim plain spaces.
            rest = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(rest)) + rest)
    _write_message("\n".join(lines))


def _error(kind, message, trace, request_id):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _error_of(exception, request_id, skip=0):
    """The error that an exception is told as. The first `skip` frames are ours, not the function's."""
    if isinstance(exception, _Fault):
        return _error(exception.kind, exception.message, exception.trace, request_id)
    import traceback

    frames = traceback.extract_tb(exception.__traceback__)[skip:]
    return _error(type(exception).__name__, str(exception), traceback.format_list(frames), request_id)


def _report(client, path, error):
    import json

    _log_error(error)
    sys.stdout.flush()
    sys.stderr.flush()
    body = json.dumps(error, ensure_ascii=_ASCII_ONLY).encode("utf-8", "surrogatepass")
    kind = error["errorType"].encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
    client.post(path, body, f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {kind}\r\n")


def _configure_logging(logging):
    """What AWS does before the function's module is imported: a handler at the root, no level."""

    class LambdaLoggerHandler(logging.Handler):
        def emit(self, record):
            _write_message(self.format(record))

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = _request_id or ""
            return True

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            import json

            line = {
                "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info:
                import traceback

                line["stackTrace"] = traceback.format_list(traceback.extract_tb(record.exc_info[2]))
                line["errorType"] = record.exc_info[0].__name__
                line["errorMessage"] = str(record.exc_info[1])
                line["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
            known = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "aws_request_id"}
            line.update((name, value) for name, value in record.__dict__.items() if name not in known)
            if record.aws_request_id:
                line["requestId"] = record.aws_request_id
            return json.dumps(line, ensure_ascii=False, default=str)

    import time

    if _JSON_LOGS:
        formatter = JsonFormatter()
    else:
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    handler.setFormatter(formatter)
    handler.addFilter(LambdaLoggerFilter())
    logging.root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO" if _JSON_LOGS else "").upper()
    level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level)
    if _JSON_LOGS and level:
        logging.root.setLevel(level)


class _WhenLoggingIsImported:
    """Configures `logging` when the function imports it, for importing it costs what many functions never need."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def execute_and_configure(module):
            execute(module)
            if hasattr(module, "root"):
                _configure_logging(module)

        spec.loader.exec_module = execute_and_configure
        return spec


def _set_path():
    """The function's own modules first, then its layers, the language's, and last the SDK that the runtime brings."""
    task, opt = os.environ["LAMBDA_TASK_ROOT"], os.environ.get("NIEBLA_OPT", "/opt")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    layers = [f"{opt}/python/lib/{version}/site-packages", f"{opt}/python"]
    sdk = os.environ.pop("NIEBLA_SDK", None)
    os.environ.pop("NIEBLA_OPT", None)
    # The first entry is the folder of this file.
    sys.path[:] = [task, *filter(os.path.isdir, layers), *sys.path[1:]] + ([sdk] if sdk else [])


def _add_builtins():
    """What `site` would add, which is not imported for the time that it takes."""
    import builtins
    from _sitebuiltins import Quitter

    end = "Ctrl-D (i.e. EOF)"
    builtins.quit, builtins.exit = Quitter("quit", end), Quitter("exit", end)


def _handler(name):
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as it:
        raise _Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {it}") from None
    import importlib

    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise _Fault(
                "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
            )
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as it:
        raise _Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {it}") from None
    except SyntaxError as it:
        where = [f'  File "{it.filename}" Line {it.lineno}\n    {it.text}']
        raise _Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {it}", where) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise _Fault("Runtime.HandlerNotFound", message) from None


def _answer(handler, headers, body, json):
    try:
        event = json.loads(body)
    except ValueError as it:
        raise _Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {it}") from None
    result = handler(event, LambdaContext(headers, json.loads))
    try:
        return json.dumps(result, ensure_ascii=_ASCII_ONLY).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as it:
        raise _Fault("Runtime.MarshalError", f"Unable to marshal response: {it}") from None


def main():
    global _request_id
    sys.stdout.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    sys.stderr.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")
    client = _Client()
    try:
        _set_path()
        _add_builtins()
        sys.meta_path.insert(0, _WhenLoggingIsImported())
        handler = _handler(os.environ["_HANDLER"])
    except Exception as it:
        # Of an exception in the function's module, only the frames below importlib's say something.
        error = _error_of(it, "")
        trace = [entry for entry in error["stackTrace"] if "/var/runtime/bootstrap" not in entry]
        error["stackTrace"] = trace
        _report(client, "init/error", error)
        sys.exit(1)
    import json

    while True:
        headers, body = client.next()
        _request_id = headers["lambda-runtime-aws-request-id"]
        trace = headers.get("lambda-runtime-trace-id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            answer = _answer(handler, headers, body, json)
        except Exception as it:
            # Two frames are ours: this function's and `_answer`'s.
            _report(client, f"invocation/{_request_id}/error", _error_of(it, _request_id, 2))
            continue
        sys.stdout.flush()
        sys.stderr.flush()
        client.post(f"invocation/{_request_id}/response", answer, "Content-Type: application/json\r\n")


main()
