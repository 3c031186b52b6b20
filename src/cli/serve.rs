//! `erpnext-mcp serve`: configuration, log, then MCP over stdio or HTTP.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use erpnext_mcp::app::{App, Connection};
use erpnext_mcp::audit::{Audit, review};
use erpnext_mcp::config::{self, Config, LogFormat, LogLevel, Ship};
use erpnext_mcp::context::overlay::Overlay;
use erpnext_mcp::context::{Session, client_options};
use erpnext_mcp::server::Server;
use erpnext_mcp::shared::{Redis, Shared, Store};
use erpnext_mcp::site::Client;
use erpnext_mcp::tools::withdraw_exports;
use erpnext_mcp::transport::{Endpoint, HttpError, Reload, serve_http, serve_status, serve_stdio};
use erpnext_schema::counted;
use secrecy::ExposeSecret;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use super::global::Global;

/// How often files of exports are withdrawn whose time is over.
const WITHDRAWN: Duration = Duration::from_secs(60);

/// How MCP is served.
#[derive(Debug, Default, clap::Args)]
pub struct Serve {
    /// Serve over HTTP at this address, such as 127.0.0.1:8080 [default: http.listen of the configuration]
    #[arg(long, value_name = "ADDR", num_args = 0..=1)]
    #[allow(clippy::option_option, reason = "a flag that may have a value")]
    http: Option<Option<SocketAddr>>,
    /// Check whether it could be served, and serve nothing: configuration, secrets, certificate and address
    #[arg(long)]
    check: bool,
}

impl Serve {
    /// Serves until the client leaves, or over HTTP until the system asks for the end.
    pub fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        log_to_stderr(config.log_level, config.log_format);
        for line in &config.warnings {
            tracing::warn!("{line}");
        }
        match self.http {
            None if config.erpnext.url.is_empty() => {
                anyhow::bail!("over stdio one site is served: name it with --site, or have one in erpnext")
            }
            None if config.erpnext.api_key.expose_secret().is_empty() => {
                anyhow::bail!(
                    "over stdio nobody signs in, and there is no key: serve over HTTP (--http), or set ERPNEXT_API_KEY and \
                     ERPNEXT_API_SECRET; for one of `sites`, api_key and api_secret there"
                )
            }
            None if config.audit.ship == Some(Ship::Stdout) => {
                anyhow::bail!(
                    "audit.ship: over stdio, standard output is the protocol's: send the lines to stderr or syslog, or serve over HTTP"
                )
            }
            None if self.check => {
                connection_without_log(&config)?;
                Ok(writeln!(std::io::stdout(), "The configuration can be served over stdio.")?)
            }
            None => over_stdio(&config),
            Some(stated) => {
                let address = stated.or(config.http.listen).context(
                    "--http needs an address to listen on: name one, such as 127.0.0.1:8080, or set http.listen",
                )?;
                if self.check {
                    endpoint(&config, false)?.may_listen(address)?;
                    return Ok(writeln!(std::io::stdout(), "The configuration can be served at {address}.")?);
                }
                over_http(global, &config, address)
            }
        }
    }
}

fn over_stdio(config: &Config) -> anyhow::Result<()> {
    let connection = Arc::new(connection(config)?);
    look_back(config);
    say_what_is_served(&connection.session(), "stdio");
    if std::io::stdin().is_terminal() {
        tracing::warn!("waiting for a client that speaks MCP on standard input; `erpnext-mcp init` connects one");
    }
    let overlay = Overlay::new(config)?;
    // One thread for the client and the site: what takes longer is done beside it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the async runtime could not start")?;
    let served = runtime.block_on(traced(async {
        if let Some(overlay) = overlay {
            read_metadata(overlay, &connection);
        }
        withdraw(config);
        serve_stdio(Server::new(connection)).await
    }));
    // What is being written to disk is finished; a read of standard input that nobody ends would hold it up for ever.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

fn over_http(global: &Global, config: &Config, address: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the async runtime could not start")?;
    let served = runtime.block_on(traced(async {
        let endpoint = Arc::new(endpoint(config, true)?);
        let listener = endpoint.listen(address).await?;
        if let Some(address) = config.http.status_listen {
            let listener = tokio::net::TcpListener::bind(address).await;
            let listener = listener.map_err(|error| HttpError::Listen(address, error));
            let listener = listener.context("http.status_listen")?;
            tracing::info!("telling how the server is at http://{}", listener.local_addr()?);
            tokio::spawn(serve_status(listener, Arc::clone(&endpoint)));
        }
        tokio::spawn(reload(global.clone(), Arc::clone(&endpoint)));
        serve_http(listener, endpoint).await;
        Ok(())
    }));
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Serves, with spans for a collector where the environment names one.
#[cfg(feature = "otel")]
async fn traced(serving: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let traces = erpnext_mcp::traces::Traces::start()
        .map_err(anyhow::Error::from_boxed)
        .context("the spans cannot be sent as OTEL_… states")?;
    let served = serving.await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    served
}

#[cfg(not(feature = "otel"))]
async fn traced(serving: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    serving.await
}

/// What answers over HTTP, with every site of the configuration; unless it `is_served`, nothing is recorded or begun.
fn endpoint(config: &Config, is_served: bool) -> anyhow::Result<Endpoint> {
    let mut endpoint = Endpoint::new(config)?;
    let sharing = config.http.redis.as_ref().map(|redis| sharing(redis, is_served)).transpose()?.flatten();
    for (name, hosts, config) in config.served() {
        let audit = if is_served { open_audit(config)? } else { Audit::default() };
        let shared = sharing.as_ref().map(|(store, key)| Shared::new(Arc::clone(store), *key, &config.erpnext.url));
        let client = Client::new(client_options(config))?.over(shared.transpose()?);
        let app = App::open(config, client, audit)?;
        let mut overlay = Overlay::new(config)?;
        if is_served {
            look_back(config);
            withdraw(config);
            if let Ok(own) = app.own_connection(config) {
                let own = Arc::new(own);
                say_what_is_served(&own.session(), "HTTP");
                overlay.take().into_iter().for_each(|overlay| read_metadata(overlay, &own));
            }
        }
        endpoint.add((name, hosts), config, app, overlay)?;
    }
    Ok(endpoint)
}

/// The store that servers share, and the key to it.
type Sharing = (Arc<dyn Store>, [u8; 32]);

/// What servers share; unless it `is_served`, only whether its address can be one.
fn sharing(redis: &config::Redis, is_served: bool) -> anyhow::Result<Option<Sharing>> {
    let address = redis.url.expose_secret();
    let read = |file: &Path| std::fs::read(file).with_context(|| format!("http.redis.ca_file: {}", file.display()));
    let authority = redis.ca_file.as_deref().map(read).transpose()?;
    Redis::check(address, authority.as_deref())?;
    let key = redis.key().filter(|_| is_served);
    key.map(|key| Ok((Redis::connect(address, authority.as_deref())?, key))).transpose()
}

/// Takes the configuration's secrets and the certificate anew, each time that the system asks for it.
async fn reload(global: Global, endpoint: Arc<Endpoint>) {
    let Some(mut asked) = Reload::new() else { return };
    while asked.next().await.is_some() {
        let read = global.clone();
        // A secret's command may take its time.
        let config = tokio::task::spawn_blocking(move || read.load()).await;
        let reloaded = config.map_err(anyhow::Error::from).flatten();
        match reloaded.and_then(|config| Ok(endpoint.reload(&config)?)) {
            Ok(()) => tracing::info!(
                "who may sign in, secrets and certificate were read anew; permissions and all else are from the next start on"
            ),
            Err(error) => {
                tracing::error!("the configuration could not be taken, and the one before goes on: {error:#}")
            }
        }
    }
}

fn say_what_is_served(session: &Session<'_>, over: &str) {
    let doctypes = session.policy.doctypes().count();
    tracing::info!(doctypes, site = session.caller.site.as_str(), "serving MCP over {over}");
}

/// From the disk at once; what the site has now must not hold up the first answer.
fn read_metadata(overlay: Overlay, connection: &Arc<Connection>) {
    overlay.recall(&connection.session());
    let connection = Arc::clone(connection);
    tokio::spawn(async move { overlay.run(&connection.session()).await });
}

/// Removes files of exports whose time is over, and what killed servers left, as long as this one runs.
fn withdraw(config: &Config) {
    if let Some(directory) = config.export.directory.clone() {
        tokio::spawn(withdraw_exports(directory, WITHDRAWN));
    }
}

/// Looks for writes whose outcome nobody knows; reading the log must not hold up the first answer.
fn look_back(config: &Config) {
    if config.audit.enabled {
        let log = config.audit.clone();
        std::thread::spawn(move || report_open_writes(&log));
    }
}

/// Two threads: one for the client, one for the site.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the async runtime could not start")
}

/// The connection of the configured caller; nothing is asked of the site.
pub fn connection(config: &Config) -> anyhow::Result<Connection> {
    Ok(App::from_config(config, open_audit(config)?)?.1)
}

fn open_audit(config: &Config) -> anyhow::Result<Audit> {
    let failed = || {
        let stated = &config.audit.log_file;
        let place = std::path::absolute(stated).unwrap_or_else(|_| stated.clone());
        let fix = if stated.is_relative() { "; set audit.log_file to an absolute path" } else { "" };
        format!("the audit log {} cannot be opened{fix}", place.display())
    };
    Audit::open(&config.audit).with_context(failed)
}

/// The same for a person at a terminal, whose questions are neither recorded nor counted.
pub fn connection_without_log(config: &Config) -> anyhow::Result<Connection> {
    is_of_one_site(config)?;
    let has_key = !config.erpnext.api_key.expose_secret().is_empty();
    anyhow::ensure!(
        has_key || !config.sign_in.is_asked(),
        "this asks the site, and has no key for it, as people bring their own here: set ERPNEXT_API_KEY and ERPNEXT_API_SECRET; \
         for one of `sites`, api_key and api_secret there"
    );
    let mut config = config.clone();
    config.rate_limiting.enabled = false;
    Ok(App::from_config(&config, Audit::default())?.1)
}

/// Refuses several sites, where only one is looked at: `erpnext` of such a file is nobody's.
pub fn is_of_one_site(config: &Config) -> anyhow::Result<()> {
    let names = config.sites.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    anyhow::ensure!(
        names.is_empty() || !config.erpnext.url.is_empty(),
        "this is about one site, and the configuration has several: name one with --site ({names})"
    );
    Ok(())
}

/// Says which writes were sent before without their outcome being recorded: a crash, or an answer that never came.
fn report_open_writes(log: &erpnext_mcp::config::Audit) {
    let open = review::recent_lines(&log.log_file).and_then(review::open_writes).unwrap_or_default();
    if !open.is_empty() {
        let writes = counted(open.len(), "earlier write");
        tracing::warn!("{writes} with an unknown outcome; `erpnext-mcp audit open` lists what is open");
    }
}

/// Standard output belongs to the protocol.
pub fn log_to_stderr(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // The MCP and HTTP libraries log whole messages, document contents included: only this program speaks.
    let ours = Targets::new().with_target("erpnext_mcp", level);
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(ours)).init();
}
