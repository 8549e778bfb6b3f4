//! The server: store, clock, entropy, drivers, kernel and edge, put together.
//!
//! It runs in rounds. `reset` and `snapshot load` end a round and begin the next one on other data, on the same port and
//! in the same process; so nothing that was in memory can outlive the data that it came from.

use crate::config::Config;
use crate::failure::{Failure, Result, reason};
use crate::instance::Claim;
use crate::internal::{self, Desk, End};
use crate::{VERSION, client, clock, drivers, folder, services};
use kernel::{Entropy, Kernel, Settings};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::Store;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What calls that are under way get when the server stops. A long poll is cut off by it.
const DRAIN: Duration = Duration::from_secs(5);
/// What tasks get to let go of the data after that.
const LET_GO: Duration = Duration::from_secs(5);

pub struct Server {
    config: Config,
    claim: Claim,
    listener: TcpListener,
    url: String,
    started_at: i64,
}

impl Server {
    /// Claims the data folder and the address.
    pub fn prepare(config: Config) -> Result<Server> {
        let claim = Claim::take(&config.data_dir, config.ephemeral)?;
        let listener = TcpListener::bind(config.listen).map_err(|error| cannot_listen(config.listen, &error))?;
        listener.set_nonblocking(true).map_err(|error| cannot_listen(config.listen, &error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(config.listen, &error))?;
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64);
        Ok(Server { config, claim, listener, url: url_of(address), started_at })
    }

    /// Serves until a signal ends it. `ready` is called once, when everything answers.
    pub fn run(mut self, ready: impl FnOnce(&str)) -> Result<()> {
        let mut ready = Some(ready);
        for round in 0.. {
            let (runtime, store) = (runtime()?, self.store()?);
            self.claim.ready(&self.config.data_dir, &self.url)?;
            let say = || {
                if let Some(ready) = ready.take() {
                    ready(&self.url);
                }
            };
            match self.round(runtime, store, round, say)? {
                End::Stop => break,
                End::Reset if self.config.ephemeral => {}
                End::Reset => folder::empty(&self.config.data_dir)?,
                End::Loaded => folder::swap(&self.config.data_dir)?,
            }
        }
        Ok(())
    }

    fn store(&self) -> Result<Store> {
        if self.config.ephemeral { Ok(Store::ephemeral()) } else { folder::open(&self.config.data_dir) }
    }

    fn round(&self, runtime: Runtime, store: Store, round: u64, ready: impl FnOnce()) -> Result<End> {
        let settings =
            Settings { endpoint: self.url.clone(), version: VERSION, model_server: self.config.model_server.clone() };
        let (clock, services) = (clock::restored(&store), services::switched(&self.config.enable)?);
        let kernel = Kernel::new(store, clock, Entropy::System, drivers::all(&self.config), settings, services);
        let left = Arc::downgrade(&kernel);
        let end = runtime.block_on(self.serve(kernel, round, ready))?;
        runtime.shutdown_timeout(LET_GO);
        let deadline = Instant::now() + LET_GO;
        while end != End::Stop && left.strong_count() > 0 {
            if Instant::now() > deadline {
                return Err(Failure::new("something still works on the data that was to be replaced")
                    .next("Nothing has been changed. Start Niebla again with `niebla start`."));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(end)
    }

    async fn serve(&self, kernel: Arc<Kernel>, round: u64, ready: impl FnOnce()) -> Result<End> {
        let listener = self.listener.try_clone().and_then(tokio::net::TcpListener::from_std);
        let listener = listener.map_err(|error| cannot_listen(self.config.listen, &error))?;
        let (end, mut ends) = mpsc::channel(1);
        stop_at_a_signal(end.clone())?;
        kernel.start();
        let desk = Arc::new(Desk {
            kernel: kernel.clone(),
            config: self.config.clone(),
            record: self.claim.record.clone(),
            started_at: self.started_at,
            round,
            end,
        });
        let options = edge::Options {
            limits: edge::Limits { drain_time: DRAIN, ..edge::Limits::default() },
            internal: Some(Arc::new(move |request| Box::pin(internal::answer(desk.clone(), request)))),
            ..edge::Options::default()
        };
        let mut why = End::Stop;
        // Only now would a signal be heard.
        ready();
        edge::serve(listener, kernel.clone(), options, async { why = ends.recv().await.unwrap_or(End::Stop) }).await;
        kernel.close().await;
        Ok(why)
    }
}

fn runtime() -> Result<Runtime> {
    // One worker per core, which is the default.
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::new(format!("the system gives no threads: {}", reason(&error))))
}

/// SIGTERM and SIGINT let calls that are under way end; the second one does not wait.
fn stop_at_a_signal(end: mpsc::Sender<End>) -> Result<()> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::new(format!("the system gives no signals: {}", reason(&error))));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::spawn(async move {
        let mut asked = false;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if asked {
                // What was acknowledged is on disk.
                std::process::exit(1);
            }
            asked = true;
            // A full channel means that the round ends already; the next one will not begin.
            let _ = end.send(End::Stop).await;
        }
    });
    Ok(())
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let port = address.port();
    let elsewhere = "or listen elsewhere: `niebla start --listen 127.0.0.1:0` takes a free port.";
    match error.kind() {
        ErrorKind::AddrInUse => match client::health(address) {
            Some(health) => {
                let version = health["version"].as_str().unwrap_or_default();
                Failure::new(format!("{address} is in use by another Niebla ({version})"))
                    .next(format!("Stop it with `niebla stop` and the --data-dir it was started with, {elsewhere}"))
            }
            None => Failure::new(format!("{address} is in use by another program"))
                .next(format!("Stop that program, {elsewhere}")),
        },
        ErrorKind::PermissionDenied => {
            Failure::new(format!("this user may not listen on port {port}")).next("Take a port above 1023.")
        }
        ErrorKind::AddrNotAvailable => Failure::new(format!("{} is no address of this machine", address.ip()))
            .next("127.0.0.1 is this machine alone, 0.0.0.0 all its addresses."),
        _ => Failure::new(format!("cannot listen on {address}: {}", reason(error))),
    }
}

/// Where a client on this machine reaches a server that listens there.
pub fn url_of(listen: SocketAddr) -> String {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        address.set_ip(if listen.is_ipv4() { [127, 0, 0, 1].into() } else { [0, 0, 0, 0, 0, 0, 0, 1].into() });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reached_on_loopback() {
        for (listen, url) in [
            ("127.0.0.1:4566", "http://127.0.0.1:4566"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
        ] {
            assert_eq!(url_of(listen.parse().unwrap()), url);
        }
    }
}
