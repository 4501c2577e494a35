//! What can be made to go wrong, per route. `ForgeSim::fault` plans one; a request takes the first plan for its route.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::access::limited;
use super::routes::Route;
use super::wire::{Reply, now};
use super::world::World;

/// Something done to the world before a request is answered.
pub type Change = Arc<dyn Fn(&mut World) + Send + Sync>;

/// Something that goes wrong.
#[derive(Clone)]
pub enum Fault {
    /// The connection is closed after so many bytes of the body; `Content-Length` promised all.
    Kill { after: usize },
    /// The same with a TCP reset.
    Reset { after: usize },
    /// The body comes this slowly.
    Slow { bytes_per_second: usize },
    /// No answer for so long.
    Delay(Duration),
    /// No answer at all. The request is seen in the log with status 0, and nothing is changed by it.
    Hang,
    /// This status, with a text body.
    Status(u16),
    /// 429 with `Retry-After`, in seconds.
    TooManyRequests { retry_after: u64 },
    /// GitHub's primary limit: 403, `x-ratelimit-remaining: 0`, reset in so many seconds.
    RateLimited { reset_in: u64 },
    /// GitHub's secondary limit: 403 with `Retry-After`.
    SecondaryLimit { retry_after: u64 },
    /// 200 with a login page.
    Html,
    /// The body ends after so many bytes, and `Content-Length` agrees with that.
    Truncate { after: usize },
    /// A byte in the middle of the body is another.
    Corrupt,
    /// Every `sha256:…` in the body is another.
    WrongDigest,
    /// The answer is lost: the request is carried out, and the connection closed before a byte comes back.
    LoseAnswer,
    /// First this is done to the world, then the request is answered as always.
    Before(Change),
    /// First the request is answered, then this is done.
    After(Change),
    /// The answer is kept back until so many are ready, so that clients who asked see the same and race.
    Gather(usize),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill { after } => write!(f, "Kill after {after}"),
            Self::Reset { after } => write!(f, "Reset after {after}"),
            Self::Slow { bytes_per_second } => write!(f, "Slow {bytes_per_second} B/s"),
            Self::Delay(time) => write!(f, "Delay {time:?}"),
            Self::Hang => f.write_str("Hang"),
            Self::Status(status) => write!(f, "Status {status}"),
            Self::TooManyRequests { retry_after } => write!(f, "TooManyRequests {retry_after}"),
            Self::RateLimited { reset_in } => write!(f, "RateLimited {reset_in}"),
            Self::SecondaryLimit { retry_after } => write!(f, "SecondaryLimit {retry_after}"),
            Self::Html => f.write_str("Html"),
            Self::Truncate { after } => write!(f, "Truncate after {after}"),
            Self::Corrupt => f.write_str("Corrupt"),
            Self::WrongDigest => f.write_str("WrongDigest"),
            Self::LoseAnswer => f.write_str("LoseAnswer"),
            Self::Before(_) => f.write_str("Before"),
            Self::After(_) => f.write_str("After"),
            Self::Gather(count) => write!(f, "Gather {count}"),
        }
    }
}

/// How the body is put on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Close after so many bytes.
    pub cut: Option<usize>,
    /// … with a reset.
    pub reset: bool,
    /// Bytes per second.
    pub pace: Option<usize>,
}

impl Fault {
    /// This is done to the world just before the request is answered: `Fault::before(|world| world.comments.clear())`.
    pub fn before(change: impl Fn(&mut World) + Send + Sync + 'static) -> Self {
        Self::Before(Arc::new(change))
    }

    /// This is done to the world just after.
    pub fn after(change: impl Fn(&mut World) + Send + Sync + 'static) -> Self {
        Self::After(Arc::new(change))
    }

    /// The answer given without asking the forge.
    pub fn instead(&self) -> Option<Reply> {
        Some(match self {
            Self::Status(status) => Reply::text(*status, "the server is not well"),
            Self::TooManyRequests { retry_after } => {
                Reply::text(429, "Too Many Requests").with("retry-after", retry_after.to_string())
            }
            Self::RateLimited { reset_in } => limited("API rate limit exceeded for installation ID 1.")
                .with("x-ratelimit-limit", "1000")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-used", "1000")
                .with("x-ratelimit-resource", "core")
                .with("x-ratelimit-reset", (now() + reset_in).to_string()),
            Self::SecondaryLimit { retry_after } => {
                limited("You have exceeded a secondary rate limit.").with("retry-after", retry_after.to_string())
            }
            Self::Html => {
                Reply::bytes(200, "text/html; charset=utf-8", "<!DOCTYPE html>\n<html><title>Sign in</title></html>\n")
            }
            _ => return None,
        })
    }

    /// What it does to the forge's answer.
    pub fn spoil(&self, reply: &mut Reply) {
        match self {
            Self::Truncate { after } => reply.body = reply.body.slice(..(*after).min(reply.body.len())),
            Self::Corrupt if !reply.body.is_empty() => {
                let mut bytes = reply.body.to_vec();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x55;
                reply.body = Bytes::from(bytes);
            }
            Self::WrongDigest => {
                let text = String::from_utf8_lossy(&reply.body);
                let mut parts = text.split("sha256:");
                let mut out = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    out.push_str("sha256:");
                    out.push_str(&"0".repeat(64));
                    out.push_str(part.get(64..).unwrap_or_default());
                }
                reply.body = Bytes::from(out);
            }
            _ => {}
        }
    }

    /// What it does on the wire.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Kill { after } => Delivery { cut: Some(*after), ..Delivery::default() },
            Self::Reset { after } => Delivery { cut: Some(*after), reset: true, ..Delivery::default() },
            Self::Slow { bytes_per_second } => Delivery { pace: Some(*bytes_per_second), ..Delivery::default() },
            _ => Delivery::default(),
        }
    }
}

/// A fault planned for a route.
#[derive(Debug)]
pub struct Plan {
    pub route: Route,
    /// Requests it still applies to.
    pub left: usize,
    /// Requests let through before it begins.
    pub skip: usize,
    pub fault: Fault,
}

/// Takes the fault for a request to `route`.
pub fn take(plans: &mut Vec<Plan>, route: Route) -> Option<Fault> {
    let mut taken = None;
    for plan in plans.iter_mut() {
        if plan.route != route && plan.route != Route::Any {
            continue;
        }
        if plan.skip > 0 {
            plan.skip -= 1;
            continue;
        }
        plan.left = plan.left.saturating_sub(1);
        taken = Some(plan.fault.clone());
        break;
    }
    plans.retain(|plan| plan.left > 0);
    taken
}
