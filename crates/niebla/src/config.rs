//! Configuration: flags, then `NIEBLA_*` variables, then a TOML file, then what is built in.
//!
//! Each setting is declared once as a flag with its variable ([`Flags`]) and once as a key of the file ([`File`]).

use crate::failure::{Failure, Result, reason};
use clap::Args;
use kernel::driver::ModelServer;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The port that every tool for local AWS expects.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:4566";
const DEFAULT_LOG: &str = "warn";

/// Where things are; every command understands these.
#[derive(Args, Clone, Debug, Default)]
pub struct Places {
    /// The folder that holds everything that Niebla keeps
    #[arg(long, value_name = "DIR", env = "NIEBLA_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// A TOML file with settings: listen, data_dir, cache_dir, ephemeral, log, model_server, model_key, models, enable
    #[arg(long, value_name = "FILE", env = "NIEBLA_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// What only a server needs to know.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "NIEBLA_LISTEN")]
    pub listen: Option<String>,
    /// The folder for what can be fetched again, such as the SDKs that functions find preinstalled
    #[arg(long, value_name = "DIR", env = "NIEBLA_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Keep everything in memory and forget it at the end
    #[arg(
        long,
        env = "NIEBLA_EPHEMERAL",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub ephemeral: Option<bool>,
    /// Switch on what is off by default, such as sqs.queue-deleted-recently; several with commas
    #[arg(long, value_name = "NAME", env = "NIEBLA_ENABLE", value_delimiter = ',')]
    pub enable: Option<Vec<String>>,
    /// What to log on standard error: off, error, warn, info, debug, or a filter such as edge=debug
    #[arg(long, value_name = "LEVEL", env = "NIEBLA_LOG")]
    pub log: Option<String>,
    /// A server that speaks OpenAI's protocol and answers for Bedrock's models, such as http://127.0.0.1:11434/v1
    #[arg(long, value_name = "URL", env = "NIEBLA_MODEL_SERVER")]
    pub model_server: Option<String>,
    /// The key that the model server asks for
    #[arg(long, value_name = "KEY", env = "NIEBLA_MODEL_KEY", hide_env_values = true)]
    pub model_key: Option<String>,
    /// Which of the server's models answers for which of Bedrock's: `*=llama3.2,amazon.titan-embed-*=nomic-embed-text`
    #[arg(long, value_name = "ID=NAME,…", env = "NIEBLA_MODELS")]
    pub models: Option<String>,
}

/// The settings file. A key that is not listed here is refused by name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    ephemeral: Option<bool>,
    log: Option<String>,
    model_server: Option<String>,
    model_key: Option<String>,
    models: Option<BTreeMap<String, String>>,
    enable: Option<Vec<String>>,
}

/// What holds in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    /// Absolute.
    pub data_dir: PathBuf,
    /// Absolute.
    pub cache_dir: PathBuf,
    pub ephemeral: bool,
    pub log: String,
    /// What is switched on, by the names of the services' switches.
    pub enable: Vec<String>,
    /// Where interpreters are searched, as the variable PATH has it.
    pub search_path: OsString,
    pub home: Option<PathBuf>,
    pub model_server: Option<ModelServer>,
}

/// What the environment says about folders.
pub struct Folders {
    home: Option<PathBuf>,
    xdg_data: Option<PathBuf>,
    xdg_config: Option<PathBuf>,
    xdg_cache: Option<PathBuf>,
    search_path: OsString,
}

impl Config {
    /// # Errors
    /// A file that cannot be read or understood, an address that is none, no folder for data.
    pub fn of(places: &Places, flags: &Flags, folders: &Folders) -> Result<Config> {
        let file = match (&places.config, folders.config_file()) {
            (Some(path), _) => File::read(path)?,
            (None, Some(path)) if path.exists() => File::read(&path)?,
            (None, _) => File::default(),
        };
        let listen = flags.listen.clone().or(file.listen).unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let data_dir = match places.data_dir.clone().or(file.data_dir) {
            Some(it) => it,
            None => folders.data()?,
        };
        let cache_dir = flags.cache_dir.clone().or(file.cache_dir).or_else(|| folders.cache());
        Ok(Config {
            listen: address(&listen)?,
            cache_dir: absolute(&cache_dir.unwrap_or_else(|| data_dir.join("cache")))?,
            data_dir: absolute(&data_dir)?,
            ephemeral: flags.ephemeral.or(file.ephemeral).unwrap_or(false),
            log: flags.log.clone().or(file.log).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            enable: flags.enable.clone().or(file.enable).unwrap_or_default(),
            search_path: folders.search_path.clone(),
            home: folders.home.clone(),
            model_server: model_server(
                flags.model_server.clone().or(file.model_server),
                flags.model_key.clone().or(file.model_key),
                match &flags.models {
                    Some(text) => model_names(text)?,
                    None => file.models.unwrap_or_default().into_iter().collect(),
                },
            )?,
        })
    }
}

impl File {
    fn read(path: &Path) -> Result<File> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("cannot read the configuration {}: {}", path.display(), reason(&error)))
                .next("Name another file with --config, or NIEBLA_CONFIG.")
        })?;
        Self::parse(&text).map_err(|error| {
            Failure::new(format!("{} is no configuration of Niebla: {error}", path.display()))
                .next("`niebla --help` lists the settings.")
        })
    }

    fn parse(text: &str) -> std::result::Result<File, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message())
        })
    }
}

impl Folders {
    /// The only look at the environment; everything else is handed what it needs.
    pub fn from_environment() -> Self {
        let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
        Self {
            home: folder("HOME"),
            xdg_data: folder("XDG_DATA_HOME"),
            xdg_config: folder("XDG_CONFIG_HOME"),
            xdg_cache: folder("XDG_CACHE_HOME"),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
        }
    }

    /// Where the platform keeps a program's data.
    fn data(&self) -> Result<PathBuf> {
        let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        let base = self.xdg_data.clone().or_else(|| Some(self.home.as_ref()?.join(home)));
        base.map(|it| it.join("niebla")).ok_or_else(|| {
            Failure::new("there is no home folder to keep data in")
                .next("Name a folder with --data-dir, or NIEBLA_DATA_DIR.")
        })
    }

    /// Where the platform keeps what a program can fetch again.
    fn cache(&self) -> Option<PathBuf> {
        let home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        let base = self.xdg_cache.clone().or_else(|| Some(self.home.as_ref()?.join(home)))?;
        Some(base.join("niebla"))
    }

    /// Read when it exists and no other file is named.
    fn config_file(&self) -> Option<PathBuf> {
        let base = self.xdg_config.clone().or_else(|| Some(self.home.as_ref()?.join(".config")))?;
        Some(base.join("niebla/config.toml"))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::file("find", path, &error))
}

fn model_server(
    url: Option<String>,
    key: Option<String>,
    models: Vec<(String, String)>,
) -> Result<Option<ModelServer>> {
    let Some(url) = url.map(|it| it.trim().trim_end_matches('/').to_owned()).filter(|it| !it.is_empty()) else {
        if models.is_empty() {
            return Ok(None);
        }
        return Err(Failure::new("models are named, but no server that has them")
            .next("Name it with --model-server, or NIEBLA_MODEL_SERVER."));
    };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::new(format!("`{url}` is no address of a model server"))
            .next("Give the address that its paths are added to, such as http://127.0.0.1:11434/v1."));
    }
    if models.is_empty() {
        return Err(Failure::new(format!("no model of {url} is named")).next(
            "Say which one answers for which of Bedrock's with --models, or NIEBLA_MODELS: `*=llama3.2` is one for all.",
        ));
    }
    Ok(Some(ModelServer { url, key: key.filter(|it| !it.is_empty()), models }))
}

/// `*=llama3.2,amazon.titan-embed-*=nomic-embed-text`
fn model_names(text: &str) -> Result<Vec<(String, String)>> {
    let pairs = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    let named = pairs.map(|pair| match pair.split_once('=') {
        Some((id, name)) if !id.trim().is_empty() && !name.trim().is_empty() => {
            Ok((id.trim().to_owned(), name.trim().to_owned()))
        }
        _ => Err(Failure::new(format!("`{pair}` does not say which model answers for which"))
            .next("Write ID=NAME, such as `anthropic.claude-*=qwen3`, with commas in between.")),
    });
    named.collect()
}

/// `127.0.0.1:4566`, `localhost:4566`, `[::1]:4566`, `4566` or `:4566`.
fn address(text: &str) -> Result<SocketAddr> {
    let text = text.trim();
    let full = match text.strip_prefix(':').unwrap_or(text) {
        port if port.bytes().all(|it| it.is_ascii_digit()) && !port.is_empty() => format!("127.0.0.1:{port}"),
        _ => text.replace("localhost:", "127.0.0.1:"),
    };
    full.parse().map_err(|_| {
        Failure::new(format!("`{text}` is no address to listen on"))
            .next(format!("Give an IP address and a port, such as {DEFAULT_LISTEN}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(root: &Path) -> Folders {
        let home = Some(root.to_owned());
        Folders { home, xdg_data: None, xdg_config: None, xdg_cache: None, search_path: OsString::new() }
    }

    fn with_file(text: &str, flags: &Flags) -> Result<Config> {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("niebla.toml");
        std::fs::write(&path, text).unwrap();
        let places = Places { data_dir: None, config: Some(path) };
        Config::of(&places, flags, &folders(root.path()))
    }

    #[test]
    fn what_is_built_in() {
        let root = Path::new("/home/ana");
        let config = Config::of(&Places::default(), &Flags::default(), &folders(root)).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:4566");
        assert!(!config.ephemeral);
        assert!(config.data_dir.starts_with(root), "{config:?}");
        assert!(config.data_dir.ends_with("niebla"), "{config:?}");
    }

    #[test]
    fn the_file_fills_what_flags_and_variables_leave_open() {
        let file = "listen = \"127.0.0.1:1\"\ndata_dir = \"/srv/niebla\"\nephemeral = true\n";
        let flags = Flags { listen: Some("127.0.0.1:2".to_owned()), ephemeral: Some(false), ..Flags::default() };
        let config = with_file(file, &flags).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert!(!config.ephemeral);
        assert_eq!(config.data_dir, Path::new("/srv/niebla"));
    }

    #[test]
    fn a_file_is_refused_by_what_is_wrong_in_it() {
        for (file, sentence) in [
            ("listen = \"127.0.0.1:1\"\nlissten = 1\n", "line 2: unknown field `lissten`"),
            ("ephemeral = \"perhaps\"\n", "line 1: invalid type"),
            ("[[[\n", "line 1: "),
        ] {
            let failure = with_file(file, &Flags::default()).unwrap_err();
            assert!(failure.what().contains(sentence), "{failure}");
        }
    }

    #[test]
    fn a_model_server_comes_with_names() {
        let flags = |server: &str, models: &str| Flags {
            model_server: (!server.is_empty()).then(|| server.to_owned()),
            models: (!models.is_empty()).then(|| models.to_owned()),
            ..Flags::default()
        };
        let config = with_file("", &flags("http://127.0.0.1:1/v1/", "*=a, amazon.titan-embed-*=b:latest")).unwrap();
        let server = config.model_server.unwrap();
        let names = [("*", "a"), ("amazon.titan-embed-*", "b:latest")].map(|(id, it)| (id.to_owned(), it.to_owned()));
        assert_eq!((server.url.as_str(), server.models), ("http://127.0.0.1:1/v1", names.to_vec()));
        let file = "model_server = \"https://models.test\"\nmodel_key = \"k\"\n[models]\n\"*\" = \"a\"\n";
        let server = with_file(file, &Flags::default()).unwrap().model_server.unwrap();
        assert_eq!((server.key.as_deref(), server.models.len()), (Some("k"), 1));
        assert_eq!(with_file("", &Flags::default()).unwrap().model_server, None);
        for (server, models, sentence) in [
            ("", "*=a", "no server that has them"),
            ("http://127.0.0.1:1", "", "no model of http://127.0.0.1:1 is named"),
            ("127.0.0.1:1", "*=a", "is no address of a model server"),
            ("http://127.0.0.1:1", "a", "`a` does not say"),
        ] {
            let failure = with_file("", &flags(server, models)).unwrap_err();
            assert!(failure.what().contains(sentence), "{failure}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let places = Places { config: Some("/nowhere/niebla.toml".into()), data_dir: None };
        let failure = Config::of(&places, &Flags::default(), &folders(Path::new("/home/ana"))).unwrap_err();
        let sentence = "cannot read the configuration /nowhere/niebla.toml: No such file or directory";
        assert_eq!(failure.what(), sentence);
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("127.0.0.1:4566", Some("127.0.0.1:4566")),
            ("localhost:80", Some("127.0.0.1:80")),
            ("[::1]:4566", Some("[::1]:4566")),
            ("4567", Some("127.0.0.1:4567")),
            (":4567", Some("127.0.0.1:4567")),
            ("0.0.0.0:0", Some("0.0.0.0:0")),
            ("", None),
            ("here", None),
            ("127.0.0.1:99999", None),
        ] {
            assert_eq!(address(text).ok().map(|it| it.to_string()).as_deref(), expected, "{text}");
        }
    }
}
