//! The store in a Redis or a Valkey. What has to be one step is a script that it runs, by its own clock: so all servers go
//! by one.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::FutureExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, RedisResult, Script, TlsCertificates, cmd};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::rule::micros;
use super::store::{Store, StoreFuture};
use super::{Away, Counted, Full, Rate, Window};

/// How long a connection may take, and an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked whether it is there, where nobody else asks.
const LOOK: Duration = Duration::from_secs(1);
/// What is written to find out whether it takes anything.
const LOOKED: &str = "erpnext-mcp:looked";

/// Holds a name. KEYS: the name. ARGV: by whom, milliseconds. Asked again by the same one, as after a lost answer, it is held.
static HOLD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local by = redis.call('GET', KEYS[1])
         if by and by ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
         return 1",
    )
});

/// Holds it on. KEYS: the name. ARGV: by whom, milliseconds.
static LENGTHEN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});

/// Lets it go. KEYS: the name. ARGV: by whom.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('DEL', KEYS[1])",
    )
});

/// Keeps a value where something is held. KEYS: what is held, the name. ARGV: by whom, the value, milliseconds.
static PUT_HELD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
         return 1",
    )
});

/// Counts against all rates or against none (GCRA); gives how long to wait in microseconds. KEYS: the rates. ARGV: of each, its
/// interval in microseconds and how many intervals it lets through at once.
static PASS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000000 + time[2]
         local states = {}
         for i, key in ipairs(KEYS) do
             local interval, most = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
             local state = math.max(tonumber(redis.call('GET', key) or 0), now) + interval
             local wait = state - now - interval * most
             if wait > 0 then return wait end
             states[i] = state
         end
         for i, key in ipairs(KEYS) do
             redis.call('SET', key, string.format('%.0f', states[i]), 'PX', math.ceil((states[i] - now) / 1000) + 1)
         end
         return 0",
    )
});

/// Counts an entry where all windows have room. KEYS: the set. ARGV: the entry or nothing, how many times, then of each window
/// its length in microseconds and how many it takes. Gives which window has no room (from 1; 0 where all have) and when it
/// will, or -1, then how many each has.
static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now, times = time[1] * 1000000 + time[2], tonumber(ARGV[2])
         local longest, answer = 0, {0, -1}
         local function text(number) return string.format('%.0f', number) end
         for i = 3, #ARGV, 2 do longest = math.max(longest, tonumber(ARGV[i])) end
         redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - longest))
         local known = ARGV[1] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[1] .. ':1')
         for i = 3, #ARGV, 2 do
             local over, most = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
             local from = '(' .. text(now - over)
             local sent = redis.call('ZCOUNT', KEYS[1], from, '+inf')
             table.insert(answer, sent)
             local beyond = sent + times - most
             if beyond > 0 and answer[1] == 0 and not known then
                 answer[1] = (i - 1) / 2
                 if beyond <= sent then
                     local last = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', beyond - 1, 1)
                     answer[2] = tonumber(last[2]) + over
                 end
             end
         end
         if answer[1] == 0 and ARGV[1] ~= '' and not known then
             for i = 1, times do redis.call('ZADD', KEYS[1], text(now), ARGV[1] .. ':' .. i) end
             redis.call('PEXPIRE', KEYS[1], math.ceil(longest / 1000))
         end
         return answer",
    )
});

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum BadAddress {
    /// It is none of a Redis.
    #[error("http.redis: the address cannot be used ({})", .0.category())]
    Address(RedisError),
    /// Nobody could be believed by it.
    #[error("http.redis.ca_file: it holds no certificate in PEM, or one that cannot be an authority's")]
    Authority,
}

/// A Redis or a Valkey, through one connection that is made anew when it is lost.
pub struct Redis {
    connection: ConnectionManager,
    up: AtomicBool,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("up", &self.up).finish_non_exhaustive()
    }
}

impl Redis {
    /// Whether an address can be one, and its certificate can come from this authority; without one, from one of the system's.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn check(address: &str, authority: Option<&[u8]>) -> Result<(), BadAddress> {
        client(address, authority).map(drop)
    }

    /// The store at this address, within a runtime. It need not answer yet.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn connect(address: &str, authority: Option<&[u8]>) -> Result<Arc<dyn Store>, BadAddress> {
        // An error says that a provider is installed already: then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let connection = client(address, authority)?.get_connection_manager_lazy(config);
        let store = Arc::new(Self { connection: connection.map_err(BadAddress::Address)?, up: AtomicBool::new(true) });
        let looked_at = Arc::downgrade(&store);
        tokio::spawn(async move {
            while let Some(store) = looked_at.upgrade() {
                // A store that is full, or a copy of another, answers and takes nothing.
                _ = store.ask::<()>(cmd("SET").arg(LOOKED).arg(1).arg("PX").arg(millis(LOOK * 5))).await;
                drop(store);
                tokio::time::sleep(LOOK).await;
            }
        });
        Ok(store)
    }

    async fn ask<T: FromRedisValue>(&self, asked: &Cmd) -> Result<T, Away> {
        let answer = asked.query_async(&mut self.connection.clone()).await;
        self.heard(answer, true)
    }

    /// What is there. That it can be read does not show that it takes anything.
    async fn look<T: FromRedisValue>(&self, asked: &Cmd) -> Result<T, Away> {
        let answer = match asked.query_async(&mut self.connection.clone()).await {
            Err(error) if RedisError::is_io_error(&error) && !error.is_timeout() => {
                asked.query_async(&mut self.connection.clone()).await
            }
            answer => answer,
        };
        self.heard(answer, false)
    }

    /// The same for a step that done twice is done once: a connection that was lost is made anew for it.
    async fn ask_again<T: FromRedisValue>(&self, asked: &Cmd) -> Result<T, Away> {
        match asked.query_async(&mut self.connection.clone()).await {
            Err(error) if RedisError::is_io_error(&error) && !error.is_timeout() => self.ask(asked).await,
            answer => self.heard(answer, true),
        }
    }

    async fn run<T: FromRedisValue>(&self, script: &mut redis::ScriptInvocation<'_>) -> Result<T, Away> {
        let answer = script.invoke_async(&mut self.connection.clone()).await;
        self.heard(answer, true)
    }

    /// Learns from an answer whether it is there, and says so when that changes.
    fn heard<T>(&self, answer: RedisResult<T>, writes: bool) -> Result<T, Away> {
        let is_up = answer.is_ok() && (writes || self.is_up());
        let was_up = self.up.swap(is_up, Ordering::Relaxed);
        match &answer {
            Ok(_) if is_up && !was_up => tracing::info!("what is shared with other servers (http.redis) answers again"),
            // Of its words only those are told in which no value can stand.
            Err(error) if was_up => tracing::error!(
                code = error.code(),
                "what is shared with other servers (http.redis) does not answer ({}): writes that need it are refused",
                error.category()
            ),
            _ => {}
        }
        answer.map_err(|_| Away)
    }

    /// That it was there when it was asked last: what can do without does not wait to find out.
    fn there(&self) -> Result<(), Away> {
        if self.is_up() { Ok(()) } else { Err(Away) }
    }
}

fn client(address: &str, authority: Option<&[u8]>) -> Result<Client, BadAddress> {
    let Some(pem) = authority else { return Client::open(address).map_err(BadAddress::Address) };
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().unwrap_or_default();
    let mut roots = RootCertStore::empty();
    let has_one = !certificates.is_empty();
    if !has_one || certificates.into_iter().any(|certificate| roots.add(certificate).is_err()) {
        return Err(BadAddress::Authority);
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.to_vec()) };
    Client::build_with_tls(address, certificates).map_err(BadAddress::Address)
}

fn millis(time: Duration) -> u64 {
    micros(time).div_ceil(1_000).max(1)
}

impl Store for Redis {
    fn put<'a>(&'a self, name: &'a str, value: Vec<u8>, lives: Duration) -> StoreFuture<'a, ()> {
        async move { self.ask_again(cmd("SET").arg(name).arg(value).arg("PX").arg(millis(lives))).await }.boxed()
    }

    fn get<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        async move { self.look(cmd("GET").arg(name)).await }.boxed()
    }

    fn take<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        async move { self.ask(cmd("GETDEL").arg(name)).await }.boxed()
    }

    fn hold<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        async move { self.run(HOLD.key(name).arg(by).arg(millis(lives))).await }.boxed()
    }

    fn lengthen<'a>(&'a self, name: &'a str, by: &'a str, lives: Duration) -> StoreFuture<'a, bool> {
        async move { self.run(LENGTHEN.key(name).arg(by).arg(millis(lives))).await }.boxed()
    }

    fn release<'a>(&'a self, name: &'a str, by: &'a str) -> StoreFuture<'a, bool> {
        async move { self.run(RELEASE.key(name).arg(by)).await }.boxed()
    }

    fn put_held<'a>(
        &'a self,
        (held, by): (&'a str, &'a str),
        name: &'a str,
        value: Vec<u8>,
        lives: Duration,
    ) -> StoreFuture<'a, bool> {
        async move { self.run(PUT_HELD.key(held).key(name).arg(by).arg(value).arg(millis(lives))).await }.boxed()
    }

    fn pass(&self, rates: Vec<(String, Rate)>) -> StoreFuture<'_, Result<(), Duration>> {
        async move {
            self.there()?;
            let mut script = PASS.prepare_invoke();
            for (name, rate) in rates {
                script.key(name).arg(rate.interval()).arg(rate.most);
            }
            let wait: u64 = self.run(&mut script).await?;
            Ok(if wait == 0 { Ok(()) } else { Err(Duration::from_micros(wait)) })
        }
        .boxed()
    }

    fn count<'a>(
        &'a self,
        name: &'a str,
        entry: Option<String>,
        times: u64,
        windows: &'a [Window],
    ) -> StoreFuture<'a, Counted> {
        async move {
            self.there()?;
            let mut script = COUNT.key(name);
            script.arg(entry.unwrap_or_default()).arg(times);
            for window in windows {
                script.arg(micros(window.over)).arg(window.most);
            }
            let answer: Vec<i64> = self.run(&mut script).await?;
            let [window, free, before @ ..] = answer.as_slice() else { return Err(Away) };
            let full = usize::try_from(*window).ok().and_then(|window| window.checked_sub(1));
            Ok(Counted {
                before: before.iter().map(|count| u64::try_from(*count).unwrap_or_default()).collect(),
                full: full.map(|window| Full { window, free: u64::try_from(*free).ok() }),
            })
        }
        .boxed()
    }

    fn uncount<'a>(&'a self, name: &'a str, entry: &'a str, times: u64) -> StoreFuture<'a, ()> {
        async move {
            let mut asked = cmd("ZREM");
            asked.arg(name);
            (1..=times).for_each(|at| _ = asked.arg(format!("{entry}:{at}")));
            self.ask_again(&asked).await
        }
        .boxed()
    }

    fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}
