//! `niebla completions`.

use crate::failure::Result;
use clap::Args;
use clap_complete::Shell;

#[derive(Args)]
pub struct Completions {
    /// bash, zsh, fish, powershell or elvish
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(&self, command: &mut clap::Command) -> Result<()> {
        clap_complete::generate(self.shell, command, "niebla", &mut std::io::stdout());
        Ok(())
    }
}
