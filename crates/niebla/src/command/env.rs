//! `niebla env`: what the AWS CLI and the SDKs have to know, as a shell reads it.

use crate::config::{Config, Flags};
use crate::failure::Result;
use crate::{instance, server, terminal};
use clap::{Args, ValueEnum};

#[derive(Args)]
pub struct Env {
    /// The shell to write for
    #[arg(long, value_enum, default_value = "sh")]
    shell: Shell,
    /// The region to work in
    #[arg(long, default_value = "us-east-1", value_parser = region)]
    region: String,
    #[arg(skip)]
    pub flags: Flags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    #[value(alias = "bash", alias = "zsh")]
    Sh,
    Fish,
    Powershell,
}

impl Env {
    pub fn run(&self, config: &Config) -> Result<()> {
        let url = match instance::demand(&config.data_dir) {
            Ok(server) => server.url,
            Err(_) => {
                terminal::remark("Niebla is not running; start it with `niebla start`.");
                server::url_of(config.listen)
            }
        };
        for (name, value) in variables(&url, &self.region) {
            terminal::say(line(self.shell, name, &value));
        }
        Ok(())
    }
}

fn variables(url: &str, region: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ]
}

fn line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Sh => format!("export {name}={value}"),
        Shell::Fish => format!("set -gx {name} {value}"),
        Shell::Powershell => format!("$env:{name} = \"{value}\""),
    }
}

/// What is printed is evaluated by a shell, so nothing else than a region gets in.
fn region(text: &str) -> std::result::Result<String, String> {
    let fits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if fits { Ok(text.to_owned()) } else { Err("a region is written as eu-west-1".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_each_shell_evaluates() {
        for (shell, expected) in [
            (Shell::Sh, "export AWS_REGION=eu-west-1"),
            (Shell::Fish, "set -gx AWS_REGION eu-west-1"),
            (Shell::Powershell, "$env:AWS_REGION = \"eu-west-1\""),
        ] {
            assert_eq!(line(shell, "AWS_REGION", "eu-west-1"), expected);
        }
        assert!(region("eu-west-1; rm -r ~").is_err());
    }
}
