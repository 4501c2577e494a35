//! What all pages share: head, key help, foot, and the files they load.

use std::fmt::Write as _;

use super::escape;
use super::names::hash;
use super::view::Share;
use super::{HtmlOptions, Site};
use crate::report::model::Numbers;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("report.js");
const ICON: &str = include_str!("icon.svg");

/// Only the report's own files; `file:` because browsers disagree on whether `'self'` holds for pages opened from a disk.
const POLICY: &str = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src data:; base-uri 'none'; \
                      form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The files that pages load. Their names change with their content, so that no browser shows a stale one.
#[derive(Debug)]
pub(super) struct Assets {
    style: String,
    script: String,
    extra: Option<(String, Vec<u8>)>,
    icon: String,
}

impl Assets {
    pub(super) fn new(options: &HtmlOptions) -> Self {
        let named = |root, bytes: &[u8], ending| format!("{root}_{}.{ending}", &hash(bytes)[..8]);
        Self {
            style: named("style", STYLE.as_bytes(), "css"),
            script: named("report", SCRIPT.as_bytes(), "js"),
            extra: options.extra_css.as_ref().map(|bytes| (named("extra", bytes, "css"), bytes.clone())),
            icon: escape::address(ICON.trim_end()),
        }
    }

    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files =
            vec![(self.style.clone(), STYLE.as_bytes().to_vec()), (self.script.clone(), SCRIPT.as_bytes().to_vec())];
        files.extend(self.extra.clone());
        files
    }
}

/// Everything up to `<body>`. `kind` says to styles and script which sort of page it is.
pub(super) fn head(out: &mut String, site: &Site<'_>, title: &str, kind: &str) {
    let assets = &site.assets;
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>"
    );
    escape::text(out, title);
    let _ = write!(
        out,
        "</title>\n<link rel=\"icon\" href=\"data:image/svg+xml,{}\">\n<link rel=\"stylesheet\" href=\"{}\">\n",
        assets.icon, assets.style
    );
    if let Some((name, _)) = &assets.extra {
        let _ = writeln!(out, "<link rel=\"stylesheet\" href=\"{name}\">");
    }
    let _ = writeln!(
        out,
        "<script src=\"{}\" defer></script>\n</head>\n<body class=\"{kind}\" data-precision=\"{}\">",
        assets.script, site.options.precision
    );
}

/// A qualified name, which may wrap between its parts and words.
pub(super) fn name(out: &mut String, name: &str) {
    for part in name.split_inclusive(['.', '_']) {
        escape::text(out, part);
        if part.len() > 1 {
            out.push_str("<wbr>");
        }
    }
}

/// The button that opens the key help, and the help.
pub(super) fn help(out: &mut String, keys: &[(&[&str], &str)]) {
    out.push_str(
        "<button type=\"button\" class=\"helper script\" popovertarget=\"help\" aria-label=\"Keyboard shortcuts\" \
         title=\"Keyboard shortcuts (?)\"><kbd>?</kbd></button>\n\
         <div id=\"help\" popover role=\"dialog\" aria-labelledby=\"help-title\">\n<h2 id=\"help-title\">Keyboard shortcuts</h2>\n<dl>\n",
    );
    for (keys, meaning) in keys {
        out.push_str("<div><dt>");
        for key in *keys {
            let _ = write!(out, "<kbd>{key}</kbd> ");
        }
        let _ = writeln!(out, "</dt><dd>{meaning}</dd></div>");
    }
    out.push_str("</dl>\n</div>\n");
}

/// The foot and the end of the page.
pub(super) fn foot(out: &mut String, site: &Site<'_>) {
    out.push_str("<footer><p>");
    escape::text(out, &site.options.generator);
    if !site.options.created.is_empty() {
        out.push_str(" · created ");
        escape::text(out, &site.options.created);
    }
    out.push_str("</p></footer>\n</body>\n</html>\n");
}

/// A bar as wide as the share that is covered. The figure stands beside it, so it says nothing to those who do not see it.
pub(super) fn bar(out: &mut String, share: Share) {
    let _ = write!(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"M0 0h{:.1}v1H0z\"/></svg>",
        share.percent().clamp(0.0, 100.0)
    );
}

/// The counts, in words.
pub(super) fn sums(out: &mut String, numbers: &Numbers, branch: bool) {
    let _ = write!(
        out,
        "<p class=\"sums\"><b>{}</b> statements, <b>{}</b> missing, <b>{}</b> excluded",
        numbers.statements, numbers.missing, numbers.excluded
    );
    if branch {
        let _ = write!(out, " · <b>{}</b> branches, <b>{}</b> not taken", numbers.branches, numbers.missing_branches);
    }
    out.push_str("</p>");
}

/// A file name in which the folder stands back, and which may wrap after each slash.
pub(super) fn path(out: &mut String, name: &str) {
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, base) = name.split_at(base);
    if !folder.is_empty() {
        out.push_str("<span class=\"dir\">");
        for part in folder.split_inclusive('/') {
            escape::text(out, part);
            out.push_str("<wbr>");
        }
        out.push_str("</span>");
    }
    escape::text(out, base);
}
