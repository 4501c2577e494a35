//! How far long work has come, on a terminal.

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner shows no progress.
const LONG: Duration = Duration::from_millis(500);

/// One phase of the work, which takes so many steps. Silent in CI and where standard error is no terminal.
pub(super) struct Progress {
    doing: &'static str,
    steps: u64,
    done: AtomicU64,
    began: Instant,
    wanted: bool,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// A phase that begins now.
    pub(super) fn begin(doing: &'static str, steps: usize) -> Self {
        Self {
            doing,
            steps: steps as u64,
            done: AtomicU64::new(0),
            began: Instant::now(),
            wanted: is_wanted(std::io::stderr().is_terminal(), std::env::var_os("CI").as_deref()),
            bar: OnceLock::new(),
        }
    }

    /// So many more steps are done.
    pub(super) fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps as u64, Ordering::Relaxed) + steps as u64;
        if self.wanted && (self.bar.get().is_some() || self.began.elapsed() >= LONG) {
            self.bar.get_or_init(|| self.bar()).set_position(done);
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(self.steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("ci-lint: {msg} {pos} of {len}") {
            bar.set_style(style);
        }
        bar.with_message(self.doing)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn is_wanted(terminal: bool, ci: Option<&OsStr>) -> bool {
    terminal && ci.is_none_or(|value| value.is_empty() || value == "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_to_people_only() {
        assert!(is_wanted(true, None));
        assert!(is_wanted(true, Some(OsStr::new("false"))));
        assert!(!is_wanted(true, Some(OsStr::new("true"))));
        assert!(!is_wanted(false, None));
    }

    #[test]
    fn short_work_makes_no_bar() {
        let mut progress = Progress::begin("combining", 10);
        progress.wanted = true;
        progress.advance(5);
        assert!(progress.bar.get().is_none());
        progress.began = progress.began.checked_sub(LONG).expect("a clock that runs");
        progress.advance(3);
        assert_eq!(progress.bar.get().expect("a bar").position(), 8);
    }
}
