//! Functions: what AWS documents of a runtime, seen from the server.

#![allow(clippy::disallowed_methods, reason = "the environment says where the machine's interpreters are")]

mod common;

use bytes::Bytes;
use drivers::lambda::{FailedInit, Host, InitError, Instance, Invocation, Outcome, Report, Sdk, Spec, instance};
use drivers::sandbox::{Isolation, isolation};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn main() {
    drivers::enter_if_asked();
    // pip shall not leave the machine; the wheels of the test lie there.
    // SAFETY: there is one thread yet.
    unsafe {
        std::env::set_var("PIP_NO_INDEX", "1");
        std::env::set_var("PIP_FIND_LINKS", wheels());
        std::env::set_var("PIP_BREAK_SYSTEM_PACKAGES", "1");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(isolation()) {
        Isolation::Namespaces => common::run(tests![
            an_exception_is_a_function_error,
            the_own_modules_and_the_layer_come_first,
            environment_as_on_aws,
            node_errors,
            node_modules,
        ]),
        // Where paths are the host's.
        Isolation::Process { reason } => println!("This machine permits no namespaces: {reason}"),
    }
    common::run(tests![
        an_event_goes_in_and_the_answer_comes_out,
        the_context_has_what_aws_gives,
        lines_come_before_the_answer_and_in_order,
        logging_is_formatted_as_on_aws,
        json_logging,
        what_cannot_be_marshalled_says_so,
        a_handler_that_is_missing_says_so,
        a_handler_in_a_folder,
        a_slow_function_times_out,
        a_function_that_exits_crashed,
        a_function_that_is_killed_crashed,
        too_much_memory_crashes,
        files_in_tmp_do_not_count_as_memory,
        a_large_answer_is_refused,
        large_events_and_answers_pass,
        a_slow_start_times_out,
        node_answers,
        a_bootstrap_of_its_own,
        dropping_ends_it,
        a_dropped_invocation_makes_it_unusable,
        a_runtime_that_is_missing_says_so,
        the_sdk_is_installed_once,
        speed,
    ]);
}

struct Function {
    code: tempfile::TempDir,
    spec: Spec,
    runtime: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

fn function(runtime: &'static str, handler: &str, files: &[(&str, &str)]) -> Function {
    let code = tempfile::tempdir().unwrap();
    std::fs::set_permissions(code.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (name, text) in files {
        let file = code.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let to = lines.clone();
    let spec = Spec {
        function_name: "hello".to_owned(),
        function_version: "$LATEST".to_owned(),
        handler: handler.to_owned(),
        code: code.path().to_owned(),
        layers: None,
        modules: None,
        env: vec![("AWS_REGION".to_owned(), "eu-central-1".to_owned()), ("MY".to_owned(), "own".to_owned())],
        memory_mb: 128,
        tmp_mb: instance::TMP_MB,
        log_group: "/aws/lambda/hello".to_owned(),
        log_stream: "2025/01/01/[$LATEST]abc".to_owned(),
        init_timeout: instance::INIT_TIMEOUT,
        on_line: Arc::new(move |it: &str| to.lock().unwrap().push(it.to_owned())),
    };
    Function { code, spec, runtime, lines }
}

fn python(text: &str) -> Function {
    function("python3.12", "index.handler", &[("index.py", text)])
}

fn node(text: &str) -> Function {
    function("nodejs20.x", "index.handler", &[("index.js", text)])
}

fn host() -> &'static Host {
    static HOST: std::sync::OnceLock<(tempfile::TempDir, Host)> = std::sync::OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let host = Host::new(folder.path().join("runtimes"), Sdk::None, std::env::var_os("PATH").unwrap(), home);
        (folder, host)
    };
    &HOST.get_or_init(make).1
}

impl Function {
    async fn start(&self) -> Result<Instance, FailedInit> {
        Instance::start(self.spec.clone(), &host().prepare(self.runtime).await.unwrap()).await
    }

    async fn ready(&self) -> Instance {
        self.start().await.unwrap_or_else(|it| panic!("{it:?} {:?}", self.lines()))
    }

    async fn call(&self, event: Value) -> Report {
        self.ready().await.invoke(invocation(event)).await
    }

    async fn fails_to_start(&self) -> (String, Value) {
        match self.start().await.err().expect("it fails").error {
            InitError::Failed { error_type, body } => (error_type, serde_json::from_slice(&body).unwrap()),
            it => panic!("{it:?}"),
        }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

const ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

fn invocation(event: Value) -> Invocation {
    Invocation {
        request_id: ID.to_owned(),
        payload: Bytes::from(event.to_string()),
        timeout: Duration::from_secs(10),
        function_arn: "arn:aws:lambda:eu-central-1:000000000000:function:hello".to_owned(),
        trace_id: Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
        client_context: None,
        cognito_identity: None,
    }
}

fn answer(report: Report) -> Value {
    match report.outcome {
        Outcome::Response(it) => serde_json::from_slice(&it).unwrap(),
        it => panic!("{it:?}"),
    }
}

fn error(report: Report) -> (String, Value) {
    match report.outcome {
        Outcome::FunctionError { error_type, body } => (error_type, serde_json::from_slice(&body).unwrap()),
        it => panic!("{it:?}"),
    }
}

async fn an_event_goes_in_and_the_answer_comes_out() {
    let it = python("n = 0\ndef handler(event, context):\n  global n\n  n += 1\n  return {'n': n, 'got': event['é']}");
    let mut instance = it.ready().await;
    let first = instance.invoke(invocation(json!({"é": [1, "ü"]}))).await;
    assert!(first.init_duration.is_some() && first.max_memory_bytes > 4 << 20, "{first:?}");
    assert_eq!(answer(first), json!({"n": 1, "got": [1, "ü"]}));
    let second = instance.invoke(invocation(json!({"é": null}))).await;
    assert!(second.init_duration.is_none() && instance.is_usable());
    assert_eq!(second.outcome, Outcome::Response(Bytes::from("{\"n\": 2, \"got\": null}")));
}

async fn the_context_has_what_aws_gives() {
    let it = python(
        "import os\ndef handler(event, c):\n  return [c.aws_request_id, c.function_name, c.function_version, c.memory_limit_in_mb, \
         c.invoked_function_arn, c.log_group_name, c.log_stream_name, 9000 < c.get_remaining_time_in_millis() <= 10000, \
         c.identity.cognito_identity_id, c.client_context.custom, os.environ['_X_AMZN_TRACE_ID']]",
    );
    let mut invocation = invocation(json!({}));
    invocation.client_context = Some(r#"{"custom":{"a":1}}"#.to_owned());
    invocation.cognito_identity = Some(r#"{"cognitoIdentityId":"id"}"#.to_owned());
    let got = answer(it.ready().await.invoke(invocation).await);
    let expected = json!([
        ID, "hello", "$LATEST", "128", "arn:aws:lambda:eu-central-1:000000000000:function:hello", "/aws/lambda/hello",
        "2025/01/01/[$LATEST]abc", true, "id", {"a": 1}, "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
    ]);
    assert_eq!(got, expected);
}

async fn lines_come_before_the_answer_and_in_order() {
    let it = python(
        "import sys, os\nprint('loaded')\ndef handler(event, context):\n  for n in range(1000):\n    print('out', n)\n    \
         print('err', n, file=sys.stderr)\n  print('no end', end='')\n  os.system('echo; echo child')\n  context.log('by context\\n')",
    );
    let mut instance = it.ready().await;
    assert_eq!(it.lines(), ["loaded"]);
    for _ in 0..20 {
        it.lines.lock().unwrap().clear();
        instance.invoke(invocation(json!({}))).await;
        let lines = it.lines();
        assert_eq!(lines.len(), 2003, "{:?}", lines.last());
        assert_eq!(lines[998..1002], ["out 499", "err 499", "out 500", "err 500"]);
    }
}

async fn logging_is_formatted_as_on_aws() {
    let it = python(
        "import logging\nlogger = logging.getLogger()\nlogger.info('not shown')\nlogger.setLevel('INFO')\n\
         def handler(event, context):\n  logger.info('hello\\nthere')\n  logger.debug('no')",
    );
    it.call(json!({})).await;
    let lines = it.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let parts: Vec<_> = lines[0].split('\t').collect();
    assert_eq!((parts[0], parts[2], parts[3]), ("[INFO]", ID, "hello\rthere"));
    assert!(parts[1].ends_with('Z') && parts[1].as_bytes()[10] == b'T', "{lines:?}");
}

async fn json_logging() {
    let mut it = python("import logging\ndef handler(event, context):\n  logging.warning('hi', extra={'k': 1})");
    it.spec.env.push(("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned()));
    it.call(json!({})).await;
    let line: Value = serde_json::from_str(&it.lines()[0]).unwrap();
    let got = (&line["level"], &line["message"], &line["logger"], &line["requestId"], &line["k"]);
    assert_eq!(got, (&json!("WARNING"), &json!("hi"), &json!("root"), &json!(ID), &json!(1)));
}

async fn an_exception_is_a_function_error() {
    let it = python("def inner():\n    raise ValueError('broken')\n\ndef handler(event, context):\n    inner()\n");
    let mut instance = it.ready().await;
    let (kind, body) = error(instance.invoke(invocation(json!({}))).await);
    assert_eq!(kind, "ValueError");
    let trace = [
        "  File \"/var/task/index.py\", line 5, in handler\n    inner()\n",
        "  File \"/var/task/index.py\", line 2, in inner\n    raise ValueError('broken')\n",
    ];
    let expected = json!({"errorMessage": "broken", "errorType": "ValueError", "requestId": ID, "stackTrace": trace});
    assert_eq!(body, expected);
    let line = "[ERROR] ValueError: broken\rTraceback (most recent call last):\r\u{a0}\u{a0}File \"/var/task/index.py\", line 5, in handler\r\
                \u{a0}\u{a0}\u{a0}\u{a0}inner()\r\u{a0}\u{a0}File \"/var/task/index.py\", line 2, in inner\r\
                \u{a0}\u{a0}\u{a0}\u{a0}raise ValueError('broken')";
    assert_eq!(it.lines(), [line]);
    assert!(instance.is_usable());
}

async fn what_cannot_be_marshalled_says_so() {
    let it = python("def handler(event, context):\n  return {1, 2}");
    let (kind, body) = error(it.call(json!({})).await);
    assert_eq!(kind, "Runtime.MarshalError");
    assert_eq!(body["errorMessage"], "Unable to marshal response: Object of type set is not JSON serializable");
}

async fn a_handler_that_is_missing_says_so() {
    for (handler, text, kind, message) in [
        (
            "handler.lambda_handler",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'handler': No module named 'handler'",
        ),
        (
            "index.handler",
            "import nope",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'nope'",
        ),
        ("index.x", "", "Runtime.HandlerNotFound", "Handler 'x' missing on module 'index'"),
        (
            "index",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'index': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "index.handler",
            "def (",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'index': invalid syntax (index.py, line 1)",
        ),
        ("sys.exit", "", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        ("index.handler", "raise KeyError('k')", "KeyError", "'k'"),
    ] {
        let it = function("python3.12", handler, &[("index.py", text)]);
        let (got, body) = it.fails_to_start().await;
        assert_eq!((got.as_str(), &body["errorType"], &body["errorMessage"]), (kind, &json!(kind), &json!(message)));
        assert!(
            it.lines()[0].starts_with(&format!("[ERROR] {kind}: {message}\rTraceback (most recent call last):")),
            "{:?}",
            it.lines()
        );
    }
}

async fn a_handler_in_a_folder() {
    let it = function("python3.12", "src/app.main", &[("src/app.py", "def main(e, c): return __name__")]);
    assert_eq!(answer(it.call(json!({})).await), "src.app");
}

async fn the_own_modules_and_the_layer_come_first() {
    let layers = tempfile::tempdir().unwrap();
    std::fs::set_permissions(layers.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::create_dir_all(layers.path().join("python")).unwrap();
    fs::write(layers.path().join("python/both.py"), "x = 'layer'").unwrap();
    fs::write(layers.path().join("python/shared.py"), "x = 'layer'").unwrap();
    let text = "import sys, both, shared\ndef handler(e, c): return [both.x, shared.x, shared.__file__, sys.path[0]]";
    let mut it = function("python3.12", "index.handler", &[("index.py", text), ("both.py", "x = 'own'")]);
    it.spec.layers = Some(layers.path().to_owned());
    assert_eq!(answer(it.call(json!({})).await), json!(["own", "layer", "/opt/python/shared.py", "/var/task"]));
}

async fn environment_as_on_aws() {
    let it = python(
        "import os\ndef handler(e, c):\n  return [os.environ.get(it) for it in ('_HANDLER', 'LAMBDA_TASK_ROOT', 'LAMBDA_RUNTIME_DIR', \
         'AWS_EXECUTION_ENV', 'AWS_REGION', 'MY', 'TZ', 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'HOME', 'NIEBLA_OPT')] + [os.getcwd(), os.getuid()]",
    );
    let expected = json!([
        "index.handler",
        "/var/task",
        "/var/runtime",
        "AWS_Lambda_python3.12",
        "eu-central-1",
        "own",
        ":UTC",
        "128",
        null,
        null,
        "/var/task",
        993,
    ]);
    assert_eq!(answer(it.call(json!({})).await), expected);
}

async fn a_slow_function_times_out() {
    let it = python("import time\ndef handler(e, c):\n  print('begun', flush=True)\n  time.sleep(100)");
    let mut instance = it.ready().await;
    let report = instance.invoke(Invocation { timeout: Duration::from_millis(300), ..invocation(json!({})) }).await;
    assert_eq!(report.outcome, Outcome::TimedOut);
    assert!(report.duration >= Duration::from_millis(300) && report.duration < Duration::from_millis(600));
    assert_eq!(it.lines(), ["begun"]);
    assert!(!instance.is_usable());
}

async fn a_function_that_exits_crashed() {
    let it = python("import os\ndef handler(e, c):\n  print('bye')\n  os._exit(3)");
    let Outcome::Crashed(exit) = it.call(json!({})).await.outcome else { panic!() };
    assert_eq!(exit.to_string(), "exit status 3");
    assert_eq!(it.lines(), ["bye"]);
}

async fn a_function_that_is_killed_crashed() {
    let it = python("import os\ndef handler(e, c):\n  os.kill(os.getpid(), 11)");
    let Outcome::Crashed(exit) = it.call(json!({})).await.outcome else { panic!() };
    assert_eq!((exit.to_string().as_str(), exit.out_of_memory), ("signal: segmentation fault", false));
}

async fn too_much_memory_crashes() {
    let it = python("def handler(e, c):\n  x = []\n  while True: x.append(bytearray(1 << 20))");
    let report = it.call(json!({})).await;
    let Outcome::Crashed(exit) = &report.outcome else { panic!("{report:?}") };
    assert!(exit.out_of_memory && exit.signal == Some(9), "{exit:?}");
    assert!(report.max_memory_bytes > 100 << 20, "{report:?}");
}

async fn files_in_tmp_do_not_count_as_memory() {
    let it = python(
        "def handler(e, c):\n  with open('/tmp/x', 'wb') as f:\n    for _ in range(300): f.write(bytes(1 << 20))\n  return f.closed",
    );
    assert_eq!(answer(it.call(json!({})).await), true);
}

async fn a_large_answer_is_refused() {
    let it = python("def handler(e, c): return 'x' * e");
    let mut instance = it.ready().await;
    let (kind, body) = error(instance.invoke(invocation(json!(7_000_000))).await);
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    assert_eq!(body["errorMessage"], "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
    assert_eq!(answer(instance.invoke(invocation(json!(2))).await), "xx");
}

async fn large_events_and_answers_pass() {
    let it = python("def handler(e, c): return e");
    let event = json!("y".repeat(6_000_000));
    assert_eq!(answer(it.call(event.clone()).await), event);
}

async fn a_slow_start_times_out() {
    let mut it = python("import time\nprint('slow')\ntime.sleep(100)");
    it.spec.init_timeout = Duration::from_millis(1500);
    let failed = it.start().await.err().unwrap();
    assert_eq!(failed.error, InitError::TimedOut);
    assert_eq!(it.lines(), ["slow"]);
}

async fn node_answers() {
    let it = node(
        "exports.handler = async (event, context) => { console.log('hi %s', event.name, {a: 1}); console.error('two\\nlines'); \
         return [context.awsRequestId, context.functionName, context.getRemainingTimeInMillis() > 9000] }",
    );
    let mut instance = it.ready().await;
    assert_eq!(answer(instance.invoke(invocation(json!({"name": "you"}))).await), json!([ID, "hello", true]));
    let lines = it.lines();
    assert!(lines[0].ends_with(&format!("Z\t{ID}\tINFO\thi you {{ a: 1 }}")), "{lines:?}");
    assert!(lines[1].ends_with(&format!("Z\t{ID}\tERROR\ttwo\rlines")), "{lines:?}");
    for (text, expected) in [
        ("exports.handler = (e, c, done) => { setTimeout(() => done(null, 'later'), 20) }", json!("later")),
        ("exports.handler = (e, c) => { c.succeed('by context') }", json!("by context")),
        (
            "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; setInterval(() => 0, 1000); done(null, 1) }",
            json!(1),
        ),
        ("exports.handler = async () => {}", json!(null)),
        ("exports.handler = () => {}", json!(null)),
    ] {
        assert_eq!(answer(node(text).call(json!({})).await), expected, "{text}");
    }
}

async fn node_errors() {
    let it = node("exports.handler = async () => { throw new TypeError('broken') }");
    let mut instance = it.ready().await;
    let (kind, body) = error(instance.invoke(invocation(json!({}))).await);
    assert_eq!(
        (kind.as_str(), &body["errorType"], &body["errorMessage"]),
        ("TypeError", &json!("TypeError"), &json!("broken"))
    );
    assert_eq!(body["trace"][0], "TypeError: broken");
    assert!(
        it.lines()[0]
            .contains("\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"broken\",\"stack\":["),
        "{:?}",
        it.lines()
    );
    assert!(instance.is_usable());
    for (handler, text, kind, message) in [
        (
            "other.handler",
            "",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'other'\nRequire stack:\n- /var/runtime/index.mjs",
        ),
        ("index.nope", "", "Runtime.HandlerNotFound", "index.nope is undefined or not exported"),
        ("index", "", "Runtime.MalformedHandlerName", "Bad handler"),
        ("index.handler", "exports.handler = (", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        (
            "index.handler",
            "require('nope')",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nope'\nRequire stack:\n- /var/task/index.js",
        ),
    ] {
        let (got, body) = function("nodejs20.x", handler, &[("index.js", text)]).fails_to_start().await;
        assert_eq!(got, kind);
        assert!(body["errorMessage"].as_str().unwrap().starts_with(message), "{body}");
    }
    let report =
        node("exports.handler = () => { setTimeout(() => { throw new Error('late') }, 1) }").call(json!({})).await;
    assert_eq!(error(report).1["errorMessage"], "late");
    let report =
        node("exports.handler = () => new Promise(() => { Promise.reject(new Error('lost')) })").call(json!({})).await;
    assert_eq!(error(report).0, "Runtime.UnhandledPromiseRejection");
}

async fn node_modules() {
    let esm = "import { readFileSync } from 'node:fs'; export const handler = async () => readFileSync('/var/task/x', 'utf8')";
    let it = function("nodejs20.x", "index.handler", &[("index.mjs", esm), ("x", "data")]);
    assert_eq!(answer(it.call(json!({})).await), "data");
    let it = function(
        "nodejs20.x",
        "src/index.handler",
        &[("src/index.js", esm), ("package.json", r#"{"type":"module"}"#), ("x", "data")],
    );
    assert_eq!(answer(it.call(json!({})).await), "data");
}

async fn a_bootstrap_of_its_own() {
    let script = r#"#!/usr/bin/python3
import http.client, os
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    c.request("GET", "/2018-06-01/runtime/invocation/next")
    r = c.getresponse(); body = r.read(); id = r.headers["Lambda-Runtime-Aws-Request-Id"]
    for path, expected in (("wrong", 400), (id, 202), (id, 400)):
        c.request("POST", f"/2018-06-01/runtime/invocation/{path}/response", body)
        r = c.getresponse(); r.read(); assert r.status == expected, r.status
"#;
    let it = function("provided.al2023", "any", &[("bootstrap", script)]);
    fs::set_permissions(it.code.path().join("bootstrap"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut instance = it.ready().await;
    assert_eq!(answer(instance.invoke(invocation(json!({"a": 1}))).await), json!({"a": 1}));
    assert_eq!(answer(instance.invoke(invocation(json!(2))).await), json!(2));
    let none = function("provided.al2", "any", &[]);
    let InitError::Host(why) = none.start().await.err().unwrap().error else { panic!() };
    assert_eq!(why, "/opt/bootstrap: No such file or directory (os error 2)");
}

async fn dropping_ends_it() {
    let word = format!("function-{}", std::process::id());
    let text = format!(
        "import subprocess\nsubprocess.Popen(['sh', '-c', ': {word}; sleep 1000; :'])\ndef handler(e, c): pass"
    );
    let instance = python(&text).ready().await;
    common::until(|| !common::processes_with(&word).is_empty()).await;
    drop(instance);
    common::until(|| common::processes_with(&word).is_empty()).await;
}

async fn a_dropped_invocation_makes_it_unusable() {
    let mut instance = python("import time\ndef handler(e, c): time.sleep(100)").ready().await;
    assert!(instance.is_usable());
    let _ = tokio::time::timeout(Duration::from_millis(50), instance.invoke(invocation(json!({})))).await;
    assert!(!instance.is_usable());
}

async fn a_runtime_that_is_missing_says_so() {
    let nowhere = Host::new(PathBuf::from("/nonexistent"), Sdk::None, "".into(), None);
    assert!(nowhere.prepare("ruby3.3").await.unwrap_err().to_string().starts_with("The runtime ruby3.3 cannot be run"));
    let near = host().prepare("python3.14").await.unwrap();
    if let Some(sentence) = near.substitution() {
        assert!(sentence.starts_with("The runtime python3.14 is not installed; Python 3."), "{sentence}");
    }
}

/// Where the test's own `boto3` and `botocore` lie.
fn wheels() -> PathBuf {
    std::env::temp_dir().join(format!("niebla-wheels-{}", std::process::id()))
}

fn write_wheel(name: &str) {
    let info = format!("{name}-1.0.dist-info");
    let files = [
        (format!("{name}/__init__.py"), "__version__ = '1.0'".to_owned()),
        (format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
        (format!("{info}/RECORD"), String::new()),
    ];
    let bytes = drivers::zip::pack(files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())));
    fs::write(wheels().join(format!("{name}-1.0-py3-none-any.whl")), bytes).unwrap();
}

async fn the_sdk_is_installed_once() {
    fs::create_dir_all(wheels()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    let make = || Host::new(folder.path().to_owned(), Sdk::Install, std::env::var_os("PATH").unwrap(), home());
    let host = make();
    let missing = host.prepare("python3.12").await.unwrap().sdk_missing.clone().unwrap();
    assert!(missing.starts_with("boto3 could not be installed for python3."), "{missing}");
    if missing.contains("No module named pip") {
        println!("This machine has no pip: nothing to install with.");
        return;
    }
    for name in ["boto3", "botocore"] {
        write_wheel(name);
    }
    let began = Instant::now();
    assert_eq!(host.prepare("python3.12").await.unwrap().sdk_missing, Some(missing), "the failure is remembered");
    assert!(began.elapsed() < Duration::from_millis(200));
    let host = make();
    let (first, second) = tokio::join!(host.prepare("python3.12"), host.prepare("python3.12"));
    assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
    let it = python(
        "import sys, boto3\ndef handler(e, c): return [boto3.__version__, sys.path[-1] in boto3.__file__, '.pyc' in boto3.__cached__]",
    );
    let prepared = make().prepare("python3.12").await.unwrap();
    let mut instance = Instance::start(it.spec.clone(), &prepared).await.unwrap_or_else(|it| panic!("{it:?}"));
    assert_eq!(answer(instance.invoke(invocation(json!({}))).await), json!(["1.0", true, true]));
    fs::remove_dir_all(wheels()).unwrap();
}

/// Not a benchmark, but a bound wide enough for a busy machine. The figures are printed.
async fn speed() {
    let it = python("def handler(e, c): return e");
    let (mut cold, mut warm, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let prepared = host().prepare("python3.12").await.unwrap();
    let drivers::lambda::Runtime::Interpreter(interpreter) = &prepared.runtime else { panic!() };
    for _ in 0..15 {
        let began = Instant::now();
        assert!(std::process::Command::new(&interpreter.executable).args(["-c", "pass"]).status().unwrap().success());
        plain.push(began.elapsed());
        let began = Instant::now();
        let mut instance = it.ready().await;
        instance.invoke(invocation(json!({}))).await;
        cold.push(began.elapsed());
        for _ in 0..50 {
            warm.push(instance.invoke(invocation(json!({}))).await.duration);
        }
    }
    for times in [&mut cold, &mut warm, &mut plain] {
        times.sort();
    }
    let middle = |it: &[Duration]| it[it.len() / 2];
    println!("cold {:?}, warm {:?}, plain {:?}", middle(&cold), middle(&warm), middle(&plain));
    // The best of each, for what else runs on the machine disturbs the others.
    assert!(cold[0] < plain[0] * 5 / 2 + Duration::from_millis(50));
    assert!(warm[0] < Duration::from_millis(1));
}
