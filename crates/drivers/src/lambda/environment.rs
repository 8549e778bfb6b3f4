//! What is told to a runtime: its environment variables, its folders and its command line.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>

use super::instance::Spec;
use super::layer::{Prepared, Runtime};
use super::runtimes::Language;
use crate::sandbox;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where things lie inside.
const TASK: &str = "/var/task";
const OPT: &str = "/opt";
const RUNTIME: &str = "/var/runtime";
const SDK: &str = "/var/lang/sdk";
/// Above the function's code, so that `require` and `import` find it, after the function's own.
const MODULES: &str = "/var/node_modules";
/// As AWS names it. Nobody listens there, which a client of X-Ray does not notice.
const XRAY_DAEMON: &str = "169.254.79.129:2000";

/// Paths as the function sees them: those of AWS in a sandbox, the host's in a plain process.
struct Seen {
    task: String,
    opt: String,
    runtime: String,
    sdk: Option<String>,
    modules: Option<String>,
}

/// The sandbox for an instance whose Runtime API is at `api`.
pub(super) fn sandbox(spec: &Spec, prepared: &Prepared, api: SocketAddr, apart: bool) -> sandbox::Spec {
    let seen = seen(spec, prepared, apart);
    let (program, args) = command(spec, prepared, &seen);
    sandbox::Spec {
        program,
        args,
        env: variables(spec, prepared, &seen, api),
        cwd: PathBuf::from(&seen.task),
        binds: binds(spec, prepared),
        hostname: "169-254-76-1".to_owned(),
        memory_bytes: u64::from(spec.memory_mb) << 20,
        tmp_bytes: u64::from(spec.tmp_mb) << 20,
    }
}

fn seen(spec: &Spec, prepared: &Prepared, apart: bool) -> Seen {
    let on_host = |path: &Path| path.display().to_string();
    let choose = |inside: &str, host: Option<&Path>| match host {
        Some(host) if !apart => on_host(host),
        _ => inside.to_owned(),
    };
    Seen {
        task: choose(TASK, Some(&spec.code)),
        opt: choose(OPT, spec.layers.as_deref()),
        runtime: choose(RUNTIME, Some(&prepared.bootstrap)),
        sdk: prepared.sdk.as_deref().map(|it| choose(SDK, Some(it))),
        // Inside, it lies where Node.js looks anyway.
        modules: spec.modules.as_deref().filter(|_| !apart).map(on_host),
    }
}

fn binds(spec: &Spec, prepared: &Prepared) -> Vec<(PathBuf, PathBuf)> {
    let mut binds = Vec::new();
    if let Runtime::Interpreter(it) = &prepared.runtime {
        if !it.prefix.starts_with("/usr") {
            binds.push((it.prefix.clone(), it.prefix.clone()));
        }
        binds.push((prepared.bootstrap.clone(), RUNTIME.into()));
    }
    binds.push((spec.code.clone(), TASK.into()));
    binds.extend(spec.layers.iter().map(|it| (it.clone(), OPT.into())));
    binds.extend(prepared.sdk.iter().map(|it| (it.clone(), SDK.into())));
    binds.extend(spec.modules.iter().map(|it| (it.clone(), MODULES.into())));
    binds
}

fn command(spec: &Spec, prepared: &Prepared, seen: &Seen) -> (PathBuf, Vec<String>) {
    let Runtime::Interpreter(interpreter) = &prepared.runtime else {
        let own = spec.code.join("bootstrap");
        let folder = if own.exists() { &seen.task } else { &seen.opt };
        return (Path::new(folder).join("bootstrap"), Vec::new());
    };
    let mb = u64::from(spec.memory_mb);
    let args = match interpreter.language {
        // Without `site`: it costs time, and shows packages of the host.
        Language::Python => vec!["-S".to_owned(), format!("{}/{}", seen.runtime, prepared.bootstrap_file)],
        // The heap's bounds as AWS sets them: 90 % and 5 % of the memory.
        Language::Node => vec![
            format!("--max-old-space-size={}", (mb * 90 / 100).max(1)),
            format!("--max-semi-space-size={}", (mb * 5 / 100).max(1)),
            format!("{}/{}", seen.runtime, prepared.bootstrap_file),
        ],
    };
    (interpreter.executable.clone(), args)
}

fn variables(spec: &Spec, prepared: &Prepared, seen: &Seen, api: SocketAddr) -> Vec<(String, String)> {
    let (task, opt, runtime) = (&seen.task, &seen.opt, &seen.runtime);
    let bin = match &prepared.runtime {
        Runtime::Interpreter(it) => format!("{}/bin:", it.prefix.display()),
        Runtime::Provided => String::new(),
    };
    // These a function's configuration may replace.
    let mut all = vec![
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", XRAY_DAEMON.to_owned()),
        ("PATH", format!("{bin}/usr/local/bin:/usr/bin/:/bin:{opt}/bin")),
        ("LD_LIBRARY_PATH", format!("{runtime}:{runtime}/lib:{task}:{task}/lib:{opt}/lib")),
    ];
    if let Runtime::Interpreter(it) = &prepared.runtime
        && it.language == Language::Node
    {
        let major = it.version.0;
        let mut path =
            format!("{opt}/nodejs/node{major}/node_modules:{opt}/nodejs/node_modules:{runtime}/node_modules");
        if let Some(modules) = &seen.modules {
            path = format!("{path}:{modules}");
        }
        all.push(("NODE_PATH", path));
    }
    let mut variables: Vec<_> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, value) in &spec.env {
        variables.retain(|it| it.0 != *name);
        variables.push((name.clone(), value.clone()));
    }
    // These it may not.
    let mut reserved = vec![
        ("AWS_LAMBDA_RUNTIME_API", api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.function_name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", spec.function_version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", spec.log_stream.clone()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("_HANDLER", spec.handler.clone()),
        ("LAMBDA_TASK_ROOT", task.clone()),
        ("LAMBDA_RUNTIME_DIR", runtime.clone()),
    ];
    if let Runtime::Interpreter(it) = &prepared.runtime {
        reserved.push(("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", prepared.name)));
        if it.language == Language::Python {
            reserved.push(("NIEBLA_OPT", opt.clone()));
            reserved.extend(seen.sdk.iter().map(|it| ("NIEBLA_SDK", it.clone())));
        }
    }
    for (name, value) in reserved {
        variables.retain(|it| it.0 != name);
        variables.push((name.to_owned(), value));
    }
    variables
}
