//! The site's clock: its own time zone, microseconds, and no moment twice, since `modified` tells versions apart (H9).

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

static LAST: AtomicI64 = AtomicI64::new(0);

/// The present moment, later than every moment given before.
pub fn now() -> DateTime {
    let clock = Timestamp::now().as_microsecond();
    let last = LAST.fetch_max(clock, Ordering::Relaxed);
    let moment = if clock > last { clock } else { LAST.fetch_add(1, Ordering::Relaxed) + 1 };
    Timestamp::from_microsecond(moment).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).datetime()
}
