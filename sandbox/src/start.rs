//! How a sandbox starts: it listens at once, and answers as soon as its data is there.

use std::path::PathBuf;

use erpnext_schema::Version;
use jiff::civil::Date;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::SiteError;
use crate::faults::Faults;
use crate::form::{Takes, Untaken};
use crate::http::{App, Provider, Sessions};
use crate::meta::Meta;
use crate::perms::User;
use crate::site::Site;
use crate::store::{Image, Store};
use crate::{Sandbox, base, bench, methods};

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version of ERPNext that it answers as.
    pub version: Version,
    /// Where the data is.
    pub data: Data,
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// Whether the DocTypes and fields are there that tests need beside the stock: names that are words of languages, every
    /// field type, levels, masks.
    pub bench: bool,
    /// How many times over the sample data is put in; none where `None`.
    pub sample: Option<u32>,
    /// Whether errors tell their traceback, as a site in development does.
    pub tracebacks: bool,
    /// The day on which it starts; today where `None`.
    pub day: Option<Date>,
    /// Which forms of requests a site is known to take, for tests: dropping a sandbox that was asked in another one panics.
    pub takes: Option<Takes>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::V15,
            data: Data::Memory,
            bench: false,
            port: 0,
            sample: None,
            tracebacks: true,
            day: None,
            takes: None,
        }
    }
}

/// Where the data of a site is.
#[derive(Clone, Debug)]
pub enum Data {
    /// In memory, gone at the end.
    Memory,
    /// In memory, beginning with what another site had.
    Image(Image),
    /// In this directory, which is made where it is missing.
    Directory(PathBuf),
}

impl From<Option<PathBuf>> for Data {
    fn from(directory: Option<PathBuf>) -> Self {
        directory.map_or(Self::Memory, Self::Directory)
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory or the file in it.
    #[error("{0}: {1}")]
    Data(PathBuf, String),
    /// The data in memory.
    #[error("the data in memory: {0}")]
    Image(String),
    /// The port.
    #[error("127.0.0.1:{0}: {1}")]
    Port(u16, std::io::Error),
    /// The first documents break a rule.
    #[error("the site's first documents: {0}")]
    Base(SiteError),
    /// The thread that puts the data in died.
    #[error("the site's data could not be put in")]
    Load,
}

/// A site that listens already: whoever connects is answered once its data is there.
pub struct Loading {
    app: JoinHandle<Result<App, StartError>>,
    listener: TcpListener,
    port: u16,
}

impl Loading {
    /// Listens, and begins to put the data in on a thread of its own.
    ///
    /// # Errors
    /// A port that cannot be used.
    pub async fn begin(options: Options) -> Result<Self, StartError> {
        let wrong_port = |error| StartError::Port(options.port, error);
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(wrong_port)?;
        let port = listener.local_addr().map_err(wrong_port)?.port();
        Ok(Self { app: tokio::task::spawn_blocking(move || load(&options)), listener, port })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The site, once its data is there.
    ///
    /// # Errors
    /// Data that cannot be read or written.
    pub async fn ready(self) -> Result<Sandbox, StartError> {
        let app = self.app.await.map_err(|_| StartError::Load)??;
        Ok(Sandbox::serve(app, self.listener, self.port))
    }
}

pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Opens the store, and puts in what a new site has and the sample data.
fn load(options: &Options) -> Result<App, StartError> {
    let store = match &options.data {
        Data::Memory => Store::in_memory(None).map_err(|error| StartError::Image(error.to_string()))?,
        Data::Image(image) => Store::in_memory(Some(image)).map_err(|error| StartError::Image(error.to_string()))?,
        Data::Directory(directory) => {
            let unusable = |error: String| StartError::Data(directory.clone(), error);
            std::fs::create_dir_all(directory).map_err(|error| unusable(error.to_string()))?;
            Store::open(directory).map_err(|error| unusable(error.to_string()))?
        }
    };
    let (sessions, faults, tracebacks) = (Sessions::default(), Faults::default(), options.tracebacks);
    let (meta, provider) = (Meta::new(options.version).on(options.day), Provider::default());
    let untaken = Untaken::by(options.takes);
    let app = App { store, meta, sessions, provider, faults, untaken, tracebacks };
    if options.bench {
        bench::lay(&app.meta);
    }
    let administrator = User::administrator();
    let put = app.store.transaction(|db| {
        let site = Site::new(db, &app.meta, &administrator);
        base::lay(&site)?;
        methods::reports::seed(&site)?;
        methods::workflow::seed(&site)?;
        if let Some(scale) = options.sample {
            site.put_sample(scale)?;
        }
        Ok(((), true))
    });
    put.map_err(StartError::Base)?;
    Ok(app)
}
