//! Whether everything that should have arrived did.
//!
//! Data that is missing is not counted as not covered: nothing is judged then, and what is missing is named.

use std::collections::{BTreeMap, HashMap};

use crate::flow::glob::{Glob, Meets};
use crate::flow::name::Name;

use super::expected::{Expected, ExpectedArtifact, place};

/// A data file that arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// The artifact it came in; empty for a file that lay in the workspace.
    pub artifact: String,
    /// Its path in the artifact or the workspace, with `/`.
    pub file: String,
    /// How many source files it has measurements of.
    pub measured_files: usize,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes; `None` when it was not computed.
    pub digest: Option<[u8; 32]>,
}

/// Why an artifact does not count as arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is not there.
    Missing,
    /// It is there and holds no data file, or not as many as legs upload into it.
    NoData,
    /// Its data file has nothing in it: no byte, or no file that was measured.
    Empty,
    /// All it holds is the data of another leg.
    Duplicate,
    /// It was sent, and cannot be used here.
    Unusable,
}

/// One thing that should have arrived and did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The job that should have sent it; empty when no job is known.
    pub job: String,
    /// Its leg in words.
    pub leg: Option<String>,
    /// The artifact, by name or pattern; empty when a number of files was expected.
    pub artifact: String,
    /// What is wrong.
    pub why: Why,
    /// The same for people, one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// What happened to it on the way, where that is known.
    pub cause: Option<String>,
}

impl Gap {
    /// Takes over what is known from elsewhere about an artifact that did not come with data: that the forge does not have it,
    /// or that it could not be used here. `false` when that is another matter.
    pub(super) fn explain(&mut self, missing: bool, cause: Option<&str>) -> bool {
        let Some(cause) = cause.filter(|_| self.cause.is_none() && self.why != Why::Duplicate) else { return false };
        self.cause = Some(cause.to_owned());
        if missing {
            self.message = format!("{} ({cause})", self.message);
        } else {
            self.why = Why::Unusable;
            let from = place(&self.job, self.leg.as_deref());
            self.message = format!("the artifact `{}` of {from} cannot be used", self.artifact);
            cause.clone_into(&mut self.remedy);
        }
        true
    }
}

/// The comparison of what should have come with what came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completeness {
    /// How many artifacts of legs (or data files, when a number was given) were required.
    pub expected: usize,
    /// How many of them are there with data.
    pub arrived: usize,
    /// What is missing. With any, nothing is judged.
    pub gaps: Vec<Gap>,
    /// What should be known although it is no gap.
    pub notes: Vec<String>,
}

impl Completeness {
    /// Whether the data may be judged.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// Compares. `artifacts` names every artifact that was fetched, those without a data file among them; `files` are the data
/// files in them and in the workspace.
pub fn compare(expected: &Expected, artifacts: &[String], files: &[Arrived]) -> Completeness {
    let mut result = Completeness { notes: expected.notes.clone(), ..Completeness::default() };
    let usable: Vec<&Arrived> = files.iter().filter(|file| file.bytes > 0 && file.measured_files > 0).collect();
    if let Some(count) = expected.files {
        result.expected = count;
        result.arrived = usable.len().min(count);
        if usable.len() < count {
            result.gaps.push(Gap {
                job: String::new(),
                leg: None,
                artifact: String::new(),
                why: Why::Missing,
                message: format!("{} of {count} data files arrived", usable.len()),
                remedy: "see which test job failed or did not upload, or change `expect`".to_owned(),
                cause: None,
            });
        }
    }
    let mut arrivals = Arrivals::of(expected, artifacts, files);
    for item in expected.artifacts.iter().filter(|item| item.certain) {
        result.expected += 1;
        match arrivals.take(item) {
            None => result.arrived += 1,
            Some(why) => result.gaps.push(gap(item, why)),
        }
    }
    twins(expected, files, &mut result);
    result
}

/// What came, and what is left of it for those that share it.
struct Arrivals<'a> {
    /// By artifact, in order of name.
    by_name: BTreeMap<&'a str, Vec<&'a Arrived>>,
    /// Names that some leg uses as they are: a pattern of another leg cannot mean them.
    exact: Vec<&'a str>,
    /// How many legs upload under a name.
    legs: HashMap<&'a str, usize>,
    /// Files of shared artifacts that a leg has been given.
    used: Vec<&'a Arrived>,
    /// Files without an artifact, which any leg may have left.
    loose: Vec<&'a Arrived>,
}

impl<'a> Arrivals<'a> {
    fn of(expected: &'a Expected, artifacts: &'a [String], files: &'a [Arrived]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&Arrived>> = BTreeMap::new();
        for name in artifacts {
            by_name.entry(name).or_default();
        }
        let (loose, packed): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.artifact.is_empty());
        for file in packed {
            by_name.entry(&file.artifact).or_default().push(file);
        }
        let mut legs: HashMap<&str, usize> = HashMap::new();
        for item in expected.artifacts.iter().filter(|item| item.certain) {
            *legs.entry(&item.artifact).or_default() += 1;
        }
        let exact = expected.artifacts.iter().filter(|item| !item.pattern && !item.job.is_empty());
        Self { by_name, exact: exact.map(|item| item.artifact.as_str()).collect(), legs, used: Vec::new(), loose }
    }

    /// Takes what one leg sent; `Some` says what is wrong.
    fn take(&mut self, item: &ExpectedArtifact) -> Option<Why> {
        let names: Vec<&str> = if item.pattern {
            let glob = Glob::new(&item.artifact);
            self.by_name
                .keys()
                .copied()
                .filter(|name| item.job.is_empty() || !self.exact.contains(name))
                .filter(|name| glob.meets(&Name::literal(*name)) == Meets::Always)
                .collect()
        } else {
            self.by_name.keys().copied().filter(|name| *name == item.artifact).collect()
        };
        if names.is_empty() {
            return self.take_loose(item);
        }
        // Of several that match, one with data is enough.
        let shared = !item.pattern && self.legs.get(item.artifact.as_str()).is_some_and(|&legs| legs > 1);
        let mut why = Why::NoData;
        for name in names {
            let files = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
            let own: Vec<&Arrived> = files.iter().copied().filter(|file| !shared || !is_in(&self.used, file)).collect();
            let mut fitting: Vec<&Arrived> = own.iter().copied().filter(|file| fits(item, &file.file)).collect();
            if fitting.is_empty() && (!shared || item.files.is_empty()) {
                // A script may have renamed the file.
                fitting = own;
            }
            if let Some(file) = fitting.iter().copied().find(|file| file.bytes > 0 && file.measured_files > 0) {
                if shared {
                    self.used.push(file);
                }
                return None;
            }
            if !fitting.is_empty() {
                why = Why::Empty;
            }
        }
        Some(why)
    }

    /// A file of the workspace that an earlier step has downloaded: below a folder of the artifact's name, or by its own
    /// name, or else any that is left.
    fn take_loose(&mut self, item: &ExpectedArtifact) -> Option<Why> {
        let glob = Glob::new(&item.artifact);
        let in_folder = |file: &&'a Arrived| {
            file.file.rsplit('/').skip(1).any(|folder| {
                if item.pattern { glob.meets(&Name::literal(folder)) == Meets::Always } else { folder == item.artifact }
            })
        };
        // A folder named after another artifact says that the file is not this one's.
        let free = |file: &&&Arrived| !file.file.rsplit('/').skip(1).any(|folder| self.exact.contains(&folder));
        let mut left = self.loose.iter().enumerate().filter(|(_, file)| free(file));
        let at = self.loose.iter().position(in_folder).or_else(|| {
            let named = left.clone().find(|(_, file)| !item.files.is_empty() && fits(item, &file.file));
            named.or_else(|| left.next()).map(|(at, _)| at)
        });
        let Some(at) = at else { return Some(Why::Missing) };
        let file = self.loose.remove(at);
        (file.bytes == 0 || file.measured_files == 0).then_some(Why::Empty)
    }
}

fn is_in(files: &[&Arrived], file: &Arrived) -> bool {
    files.iter().any(|other| std::ptr::eq(*other, file))
}

/// Whether a file has a name that the leg's data may have.
fn fits(item: &ExpectedArtifact, path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or_default();
    item.files.is_empty()
        || item.files.iter().any(|pattern| {
            pattern == base || pattern.contains('*') && Glob::new(pattern).meets(&Name::literal(base)) == Meets::Always
        })
}

fn gap(item: &ExpectedArtifact, why: Why) -> Gap {
    let (artifact, from) = (&item.artifact, place(&item.job, item.leg.as_deref()));
    let message = match why {
        Why::Missing if item.pattern => format!("no artifact `{artifact}` of {from} arrived"),
        Why::Missing => format!("the artifact `{artifact}` of {from} did not arrive"),
        Why::NoData => format!("the artifact `{artifact}` arrived without the coverage data of {from}"),
        Why::Empty => format!("the coverage data of {from} in `{artifact}` is empty"),
        Why::Duplicate => format!("the artifact `{artifact}` of {from} holds the data of another leg"),
        Why::Unusable => format!("the artifact `{artifact}` of {from} cannot be used"),
    };
    let general = match why {
        Why::Missing if item.job.is_empty() => "see that a job before this one uploads it".to_owned(),
        Why::Missing => format!("see whether {from} failed, was cancelled or did not upload"),
        Why::NoData => "see that the upload's `path` names the data file".to_owned(),
        Why::Empty => "see that the tests run under coverage and import what is measured".to_owned(),
        Why::Duplicate => "see that every leg starts without data files of another and uploads its own".to_owned(),
        Why::Unusable => String::new(),
    };
    // A cause that is known by the workflow is no cause of empty data.
    let known = item.remedy.clone().filter(|_| matches!(why, Why::Missing | Why::NoData));
    Gap {
        job: item.job.clone(),
        leg: item.leg.clone(),
        artifact: artifact.clone(),
        why,
        message,
        remedy: known.unwrap_or(general),
        cause: None,
    }
}

/// Data that came twice. Two legs that execute the same lines on machines of one kind may write equal bytes, so equal bytes
/// alone prove nothing; but the name of a parallel data file holds the host, the process and a random part, and the same
/// such name and bytes in two legs are one file.
fn twins(expected: &Expected, files: &[Arrived], result: &mut Completeness) {
    let mut first: HashMap<[u8; 32], &Arrived> = HashMap::new();
    let mut copies: Vec<(&Arrived, &Arrived)> = Vec::new();
    for file in files.iter().filter(|file| file.bytes > 0 && file.measured_files > 0) {
        let Some(digest) = file.digest else { continue };
        match first.get(&digest) {
            Some(earlier) if earlier.artifact != file.artifact => copies.push((earlier, file)),
            Some(_) => {}
            None => {
                first.insert(digest, file);
            }
        }
    }
    let leg_of = |name: &str| {
        expected.artifacts.iter().find(|item| !item.pattern && item.artifact == name && item.leg.is_some())
    };
    for (earlier, copy) in copies {
        let (Some(a), Some(b)) = (leg_of(&earlier.artifact), leg_of(&copy.artifact)) else { continue };
        if a.job != b.job {
            continue;
        }
        let base = |file: &Arrived| file.file.rsplit('/').next().unwrap_or_default().to_owned();
        let alone = files.iter().filter(|file| file.artifact == copy.artifact).count() == 1;
        if base(earlier) == base(copy) && is_unique_name(&base(copy)) && alone {
            if b.certain {
                result.arrived = result.arrived.saturating_sub(1);
                result.gaps.push(gap(b, Why::Duplicate));
            }
        } else {
            result.notes.push(format!(
                "`{}` and `{}` hold the same bytes: equal runs do that, and so does a leg that uploads another's file",
                earlier.artifact, copy.artifact
            ));
        }
    }
}

/// Whether a name ends as coverage.py makes parallel names: `.<host>.pid<number>.X<random>x` (`filename_suffix` in
/// `coverage/sqldata.py` of 7.17.3; before 7.6 without the letters).
fn is_unique_name(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let (Some(random), Some(process)) = (parts.next(), parts.next()) else { return false };
    let random = random.strip_prefix('X').and_then(|rest| rest.strip_suffix('x')).unwrap_or(random);
    let process = process.strip_prefix("pid").unwrap_or(process);
    random.len() >= 6
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !process.is_empty()
        && process.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
