// Runs a Node.js function: the client of the Lambda Runtime API.
//
// Behaves as the runtime of AWS does, error texts and log lines included. HTTP is spoken over a bare socket, because
// loading `http` would delay each cold start.

import { createRequire } from "node:module";
import { connect } from "node:net";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const ADDRESS = process.env.AWS_LAMBDA_RUNTIME_API;
const BASE = "/2018-06-01/runtime/";
const JSON_LOGS = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LEVEL = Math.max(0, LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? (JSON_LOGS ? "INFO" : "TRACE")).toUpperCase()));

let requestId;

/** One connection, kept alive. The server gives every answer a Content-Length. */
class Client {
  constructor() {
    const [host, port] = ADDRESS.split(":");
    this.socket = connect({ host, port: Number(port), noDelay: true });
    this.received = Buffer.alloc(0);
    this.socket.on("data", (data) => {
      this.received = this.received.length ? Buffer.concat([this.received, data]) : data;
      this.deliver();
    });
    // The server is gone, and so is the reason to be.
    this.socket.on("close", () => process.exit(0));
    this.socket.on("error", () => process.exit(0));
  }

  next() {
    return this.exchange(`GET ${BASE}invocation/next HTTP/1.1\r\nHost: ${ADDRESS}\r\n\r\n`);
  }

  post(path, text, headers = "") {
    const body = Buffer.from(text);
    const head = `POST ${BASE}${path} HTTP/1.1\r\nHost: ${ADDRESS}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`;
    return this.exchange(Buffer.concat([Buffer.from(head), body]));
  }

  exchange(message) {
    this.socket.ref();
    return new Promise((answered) => {
      this.answered = answered;
      this.socket.write(message);
    });
  }

  deliver() {
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0 || !this.answered) return;
    const headers = {};
    for (const line of this.received.toString("latin1", 0, end).split("\r\n").slice(1)) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = end + 4 + Number(headers["content-length"] ?? 0);
    if (this.received.length < length) return;
    const body = this.received.toString("utf8", end + 4, length);
    this.received = this.received.subarray(length);
    const answered = this.answered;
    this.answered = undefined;
    // A function is done when nothing keeps Node.js alive; this connection does not count.
    this.socket.unref();
    answered({ headers, body });
  }
}

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function patchConsole() {
  const patch = (method, level) => {
    console[method] = (...words) => {
      if (LEVELS.indexOf(level) < LEVEL) return;
      if (JSON_LOGS) {
        const message = words.length === 1 && typeof words[0] === "object" && !(words[0] instanceof Error) ? words[0] : format(...words);
        write(JSON.stringify({ timestamp: new Date().toISOString(), level, requestId, message }));
      } else {
        write(`${new Date().toISOString()}\t${requestId}\t${level}\t${format(...words)}`);
      }
    };
  };
  patch("log", "INFO");
  patch("info", "INFO");
  patch("debug", "DEBUG");
  patch("warn", "WARN");
  patch("error", "ERROR");
  patch("trace", "TRACE");
}

/** One message is one log event: within it, a line ends with a carriage return. */
function write(text) {
  process.stdout.write(text.replaceAll("\n", "\r") + "\n");
}

function describe(error) {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function logError(title, error) {
  const { errorType, errorMessage, trace } = describe(error);
  const own = error instanceof Error ? Object.fromEntries(Object.entries(error).filter(([name]) => name !== "name")) : {};
  write(`${new Date().toISOString()}\t${requestId}\tERROR\t${title} \t${JSON.stringify({ errorType, errorMessage, ...own, stack: trace })}`);
}

async function report(client, path, error) {
  const body = describe(error);
  const kind = body.errorType.replace(/[^\x20-\x7e]/g, " ");
  const headers = `Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: ${kind}\r\n`;
  await client.post(path, JSON.stringify(body), headers);
}

async function load(name) {
  if (name.includes("..")) throw new Fault("Runtime.MalformedHandlerName", `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const file = basename(name);
  const match = /^([^.]*)\.(.*)$/.exec(file);
  if (!match) throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  const [, module, path] = match;
  const loaded = await importModule(resolve(process.env.LAMBDA_TASK_ROOT, dirname(name), module), join(dirname(name), module));
  const handler = find(loaded, path) ?? find(loaded.default, path);
  if (handler === undefined) throw new Fault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new Fault("Runtime.HandlerNotFound", `${name} is not a function`);
  return handler;
}

function find(value, path) {
  return path.split(".").reduce((it, name) => it?.[name], value);
}

/** In AWS's order: the name as it is, `.js`, `.mjs`, `.cjs`. */
async function importModule(path, shown) {
  // The name that AWS's own loader has in a "Require stack".
  const require = createRequire("/var/runtime/index.mjs");
  try {
    for (const extension of ["", ".js", ".mjs", ".cjs"]) {
      const file = path + extension;
      if (!existsSync(file) || (extension === "" && !file.includes("."))) continue;
      return extension === ".mjs" || (extension !== ".cjs" && isModule(file)) ? await import(pathToFileURL(file).href) : require(file);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw renamed(error, "Runtime.UserCodeSyntaxError");
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") throw renamed(error, "Runtime.ImportModuleError");
    throw error;
  }
  throw new Fault("Runtime.ImportModuleError", `Error: Cannot find module '${shown}'\nRequire stack:\n- /var/runtime/index.mjs`);
}

/** As AWS tells them: the original's own text, its name included, becomes the message. */
function renamed(error, name) {
  const fault = new Fault(name, error.toString());
  fault.stack = `${name}: ${error.stack}`;
  return fault;
}

/** Whether the nearest package.json says that `.js` means ECMAScript modules. */
function isModule(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const at = join(folder, "package.json");
    if (existsSync(at)) {
      try {
        return JSON.parse(readFileSync(at, "utf8")).type === "module";
      } catch {
        return false;
      }
    }
    if (folder === dirname(folder)) return false;
  }
}

function contextOf(headers, finish) {
  const parse = (text) => (text ? JSON.parse(text) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Number(headers["lambda-runtime-deadline-ms"]) - Date.now(),
    succeed: (result) => finish(null, result),
    fail: (error) => finish(error ?? "handled"),
    done: (error, result) => finish(error, result),
  };
}

/** The function's result, from whichever of its promise, callback or context comes first. */
function invoke(handler, event, headers) {
  return new Promise((succeed, fail) => {
    let settled = false;
    const settle = (error, result) => {
      const act = () => (error !== undefined && error !== null ? fail(error) : succeed(result));
      if (settled) return;
      settled = true;
      process.removeListener("beforeExit", empty);
      context.callbackWaitsForEmptyEventLoop ? process.once("beforeExit", act) : setImmediate(act);
    };
    const context = contextOf(headers, (error, result) => {
      context.callbackWaitsForEmptyEventLoop = false;
      settle(error, result);
    });
    // Nothing is left that could still give a result.
    const empty = () => settled || ((settled = true), succeed(null));
    process.once("beforeExit", empty);
    const drop = () => ((settled = true), process.removeListener("beforeExit", empty));
    const result = handler(event, context, settle);
    if (typeof result?.then === "function") {
      result.then((it) => settled || (drop(), succeed(it)), (it) => settled || (drop(), fail(it)));
    }
  });
}

function marshal(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

async function die(client, title, error, status) {
  logError(title, error);
  await report(client, requestId ? `invocation/${requestId}/error` : "init/error", error);
  process.exit(status);
}

async function main() {
  const client = new Client();
  patchConsole();
  process.on("uncaughtException", (error) => die(client, "Uncaught Exception", error, 129));
  process.on("unhandledRejection", (reason) => {
    const fault = new Fault("Runtime.UnhandledPromiseRejection", reason?.toString());
    fault.reason = reason;
    die(client, "Unhandled Promise Rejection", fault, 128);
  });
  let handler;
  try {
    handler = await load(process.env._HANDLER);
  } catch (error) {
    return die(client, "Uncaught Exception", error, 1);
  }
  for (;;) {
    const { headers, body } = await client.next();
    requestId = headers["lambda-runtime-aws-request-id"];
    const trace = headers["lambda-runtime-trace-id"];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    let answer, failure;
    try {
      answer = marshal(await invoke(handler, JSON.parse(body), headers));
    } catch (error) {
      failure = { error };
    }
    if (failure) {
      logError("Invoke Error", failure.error);
      await report(client, `invocation/${requestId}/error`, failure.error);
    } else {
      await client.post(`invocation/${requestId}/response`, answer, "Content-Type: application/json\r\n");
    }
  }
}

main();
