//! `/_niebla/…`: what the other commands ask of the running server. The edge lets only this machine come here.
//!
//! | | |
//! |---|---|
//! | `GET /_niebla/status` | where, since when, which services, the clock |
//! | `GET`, `POST /_niebla/clock` | show and move the clock |
//! | `POST /_niebla/snapshot/save`, `…/load` | `{"file": "/absolute/path"}` |
//! | `POST /_niebla/reset` | forget everything |
//!
//! What changes something has to show the token of `niebla.json`, so other users of the machine cannot.

use crate::client::TOKEN_HEADER;
use crate::clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder;
use crate::instance::Record;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use kernel::Kernel;
use model::wire::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What the handler knows.
pub struct Desk {
    pub kernel: Arc<Kernel>,
    pub config: Config,
    pub record: Record,
    /// Milliseconds since 1970, by the machine's clock.
    pub started_at: i64,
    /// How often everything has been replaced since the process started.
    pub round: u64,
    pub end: mpsc::Sender<End>,
}

/// Why a round of the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// For good.
    Stop,
    /// To go on with nothing.
    Reset,
    /// To go on with the snapshot that lies ready.
    Loaded,
}

type Answer = Result<Value, Refusal>;

/// A status and a sentence.
struct Refusal(u16, Failure);

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Refusal(409, failure)
    }
}

pub async fn answer(desk: Arc<Desk>, request: HttpRequest) -> HttpResponse {
    match decide(&desk, &request).await {
        Ok(value) => response(200, &value),
        Err(Refusal(status, failure)) => {
            response(status, &json!({ "message": failure.what(), "next": failure.advice() }))
        }
    }
}

async fn decide(desk: &Desk, request: &HttpRequest) -> Answer {
    let path = request.path.strip_prefix("/_niebla/").unwrap_or_default();
    if request.method == "POST" {
        let shown = request.headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes);
        if shown != Some(desk.record.token.as_bytes()) {
            let sentence = "this needs the token of the server's niebla.json; use the command `niebla`";
            return Err(Refusal(403, Failure::new(sentence)));
        }
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "status") => Ok(status(desk)),
        ("GET", "clock") => Ok(clock::shown(&desk.kernel.clock)),
        ("POST", "clock") => move_clock(desk, &body).await,
        ("POST", "snapshot/save") => save(desk, file_of(&body)?).await,
        ("POST", "snapshot/load") => load(desk, file_of(&body)?).await,
        ("POST", "reset") => end(desk, End::Reset),
        _ => Err(Refusal(404, Failure::new(format!("Niebla has no {} {}", request.method, request.path)))),
    }
}

fn status(desk: &Desk) -> Value {
    json!({
        "version": desk.record.version,
        "url": desk.record.url,
        "pid": desk.record.pid,
        "data_dir": desk.config.data_dir,
        "ephemeral": desk.config.ephemeral,
        "started_at": desk.started_at,
        "round": desk.round,
        "services": desk.kernel.services.keys().collect::<Vec<_>>(),
        "clock": clock::shown(&desk.kernel.clock),
    })
}

async fn move_clock(desk: &Desk, body: &Value) -> Answer {
    let change = clock::Change::parse(body)
        .ok_or_else(|| Refusal(400, Failure::new("say one of advance_ms, set_ms, set or freeze")))?;
    clock::change(&desk.kernel, change)
        .await
        .map_err(|error| Failure::new(format!("the clock moved, but that could not be kept: {error}")))?;
    Ok(clock::shown(&desk.kernel.clock))
}

async fn save(desk: &Desk, file: PathBuf) -> Answer {
    let store = desk.kernel.store.clone();
    on_a_thread(move || store.save(&file).map_err(|error| Failure::new(format!("the snapshot was not saved: {error}"))))
        .await
}

async fn load(desk: &Desk, file: PathBuf) -> Answer {
    if desk.config.ephemeral {
        return Err(Failure::new("a Niebla that keeps everything in memory cannot load a snapshot")
            .next("Start it without --ephemeral, then load.")
            .into());
    }
    let data_dir = desk.config.data_dir.clone();
    on_a_thread(move || folder::load(&data_dir, &file)).await?;
    end(desk, End::Loaded)
}

/// The answer is still sent: what is under way is finished first.
fn end(desk: &Desk, end: End) -> Answer {
    desk.end
        .try_send(end)
        .map_err(|_| Failure::new("Niebla is about to stop or to begin anew").next("Try again in a moment."))?;
    Ok(json!({ "round": desk.round }))
}

async fn on_a_thread(work: impl FnOnce() -> crate::failure::Result<()> + Send + 'static) -> Answer {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done.map(|()| json!({}))?),
        Err(error) => Err(Refusal(500, Failure::new(error.to_string()))),
    }
}

fn file_of(body: &Value) -> Result<PathBuf, Refusal> {
    let file = body["file"].as_str().map(Path::new).filter(|it| it.is_absolute());
    file.map(Path::to_owned).ok_or_else(|| Refusal(400, Failure::new("say the file with its whole path")))
}

fn response(status: u16, value: &Value) -> HttpResponse {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    HttpResponse { status, headers, body: value.to_string().into() }
}
