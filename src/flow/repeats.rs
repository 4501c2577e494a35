//! When a second run of the same tests tells nothing new.

use super::work::Work;
use crate::task::{Interpreter, Setting};

/// Whether two runs have the same interpreter and packages by what their sessions of nox, tox and the like say; a run
/// outside any session has those of its job.
pub(super) fn same_session_setting(a: &Work, b: &Work) -> bool {
    let (a, b) = (Surroundings::of(a.setting.as_deref()), Surroundings::of(b.setting.as_deref()));
    a.python != Interpreter::Unknown && a.python == b.python && a.packages.is_some() && a.packages == b.packages
}

struct Surroundings<'s> {
    python: Interpreter,
    /// What is installed in particular; `None` when that is not known.
    packages: Option<Vec<&'s str>>,
}

impl<'s> Surroundings<'s> {
    fn of(setting: Option<&'s Setting>) -> Self {
        let Some(setting) = setting else { return Self { python: Interpreter::Inherited, packages: Some(Vec::new()) } };
        let packages = setting
            .installs
            .as_ref()
            .map(|installs| installs.iter().map(String::as_str).filter(|word| is_particular(word)).collect());
        Self { python: setting.python.clone(), packages }
    }
}

/// Whether an argument of `install` chooses what is tested: the project itself and the tools of testing do not.
fn is_particular(word: &str) -> bool {
    const TOOLS: [&str; 16] = [
        "pytest",
        "behave",
        "behavex",
        "slipcover",
        "nox",
        "tox",
        "uv",
        "pip",
        "setuptools",
        "wheel",
        "python",
        "install",
        "sync",
        "-m",
        "poetry",
        "pdm",
    ];
    let plugin = ["pytest-", "behave-", "coverage"].iter().any(|start| word.starts_with(start));
    !(word.starts_with('-')
        || matches!(word, "." | "./" | "")
        || TOOLS.contains(&word)
        || plugin && !word.contains(['=', '<', '>', '~'])
        || word.contains("cov"))
}
