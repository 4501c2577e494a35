//! What a user can ask of the reports.

/// Options of all reports, read from coverage.py's configuration and the command line.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// Digits behind the point of a percentage.
    pub precision: usize,
    /// The text reports leave out files without missing lines and branches.
    pub skip_covered: bool,
    /// The text, XML and LCOV reports leave out files without statements.
    pub skip_empty: bool,
    /// The text reports have a column of missing lines.
    pub show_missing: bool,
    /// The column to sort the text reports by, `-` in front to reverse; empty means by name.
    pub sort: String,
    /// The JSON report is indented.
    pub json_pretty_print: bool,
    /// The JSON report names the contexts of each line.
    pub json_show_contexts: bool,
    /// With contexts: every function and class repeats the contexts of the whole file, as coverage.py has it. Otherwise only the
    /// file has them.
    pub json_region_contexts: bool,
    /// Folders deeper than this are not packages in the XML report.
    pub xml_package_depth: usize,
    /// The folders of sources that were configured and exist, canonical unless `relative_files`; the roots in the XML report.
    pub xml_sources: Vec<String>,
    /// The LCOV report has a checksum of each line.
    pub lcov_line_checksums: bool,
    /// File names were recorded relative to the current folder, and stay so.
    pub relative_files: bool,
    /// The current folder, canonical, with `/` and without one at its end (unless it is the root).
    pub current_dir: String,
    /// Work out the contexts of each line, which the JSON and HTML reports show on demand.
    pub line_contexts: bool,
    /// Only what was recorded under these contexts (ascending indices) counts; `None` for all. coverage.py applies this to the text,
    /// JSON and HTML reports, never to XML and LCOV.
    pub contexts: Option<Vec<u32>>,
    /// What the reports give as the version of the tool.
    pub version: String,
    /// The local time of the JSON report, in ISO form.
    pub timestamp: String,
    /// The time of the XML report, in milliseconds since 1970.
    pub timestamp_ms: u64,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            precision: 0,
            skip_covered: false,
            skip_empty: false,
            show_missing: false,
            sort: String::new(),
            json_pretty_print: false,
            json_show_contexts: false,
            json_region_contexts: true,
            xml_package_depth: 99,
            xml_sources: Vec::new(),
            lcov_line_checksums: false,
            relative_files: false,
            current_dir: String::new(),
            line_contexts: false,
            contexts: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            timestamp: String::new(),
            timestamp_ms: 0,
        }
    }
}

impl ReportOptions {
    /// The name of a file relative to the current folder if it lies below it.
    pub(super) fn relative<'n>(&self, name: &'n str) -> &'n str {
        let dir = self.current_dir.strip_suffix('/').unwrap_or(&self.current_dir);
        name.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name)
    }
}

/// Why a report cannot be made. The texts are coverage.py's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// There is no file to report on.
    #[error("No data to report.")]
    NoData,
    /// There is no such column.
    #[error("Invalid sorting option: '{0}'")]
    Sort(String),
    /// The limit is not a percentage.
    #[error("fail_under={0} is invalid. Must be between 0 and 100.")]
    FailUnder(String),
}
