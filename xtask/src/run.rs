//! `cargo xtask run`: Niebla in the background, and the first example on it.

use crate::{Outcome, place, shell};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The address that tools for local AWS expect.
const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 4566);

pub fn run() -> Outcome {
    shell::stage("building Niebla");
    shell::must(&mut shell::cargo(["build", "--release", "--package", "niebla"]), "Niebla could not be built.")?;
    let niebla = place::target().join("release/niebla");

    shell::stage("starting Niebla");
    start(&niebla)?;

    shell::stage("the example: SQS → Lambda → Bedrock → CloudWatch Logs");
    shell::must(&mut example(&niebla)?, "The example failed; what it said is above.")?;
    say_what_is_next(&niebla);
    Ok(())
}

/// In the background, if it does not run yet.
fn start(niebla: &Path) -> Outcome {
    let address = SocketAddr::from(ADDRESS);
    // Settings of the caller's own would lead to another server than the one that is asked for here.
    let mut status = shell::program(niebla, ["status"]);
    if let Ok(said) = shell::output(&mut status) {
        let line = said.lines().next().unwrap_or_default();
        println!("{line} already");
        if !line.contains(&address.to_string()) {
            return Err(format!("Niebla runs already, but not on {address}. Stop it first: {} stop", niebla.display()));
        }
        return Ok(());
    }
    if TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok() {
        return Err(format!(
            "Something else holds port {} on this machine. Stop it, then run this again.",
            address.port()
        ));
    }
    let mut start = shell::program(niebla, ["start", "--detach", "--listen"]);
    shell::must(start.arg(address.to_string()), "Niebla could not be started.")
}

fn example(niebla: &Path) -> Outcome<std::process::Command> {
    let folder = place::root().join("examples/eda-bedrock");
    let mut path = vec![place::python_tool("aws")?.parent().expect("a tool lies in a folder").to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut example = shell::program(place::python_tool("python")?, [folder.join("run")]);
    example.env("PATH", std::env::join_paths(path).map_err(|error| error.to_string())?);
    for (name, value) in variables(niebla)? {
        example.env(name, value);
    }
    // The user's own profiles have no say here.
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN"] {
        example.env_remove(name);
    }

    example.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("AWS_PAGER", "");
    Ok(example)
}

/// What `niebla env` prints for a shell.
fn variables(niebla: &Path) -> Outcome<Vec<(String, String)>> {
    let text = shell::output(&mut shell::program(niebla, ["env"]))?;
    Ok(exported(&text))
}

fn exported(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|it| it.strip_prefix("export ")?.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn say_what_is_next(niebla: &Path) {
    let niebla = shortest(niebla).display().to_string();
    let venv = shortest(&place::venv()).display().to_string();
    shell::stage("Niebla is running in the background");
    println!(
        "talk to it:   eval \"$({niebla} env)\"; {venv}/bin/aws cloudformation describe-stack-resources --stack-name eda-bedrock"
    );
    println!("              {venv}/bin/aws logs describe-log-groups");
    println!(
        "              {venv}/bin/aws sqs list-queues --endpoint-url $AWS_ENDPOINT_URL   (version 1 of the AWS CLI needs it for SQS)"
    );
    println!("look at it:   {niebla} status");
    println!("stop it:      {niebla} stop");
}

/// Relative to the repository where it lies in it.
fn shortest(path: &Path) -> PathBuf {
    path.strip_prefix(place::root()).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_for_a_shell_are_read_back() {
        let found = super::exported("export A=http://127.0.0.1:1\nexport B=\nnoise\n");
        assert_eq!(found, [("A".to_owned(), "http://127.0.0.1:1".to_owned()), ("B".to_owned(), String::new())]);
    }
}
