//! What an upload's `path:` can contain: search paths, wildcards, hidden files and the layout inside the artifact.
//!
//! Facts: actions/toolkit `packages/glob` (internal-globber, internal-pattern-helper) and actions/upload-artifact
//! `src/shared/search.ts`; the hidden-file cases were run with @actions/glob 0.5.0.

use super::name::{Name, Piece};

/// Deeper paths are not followed: matching `**` takes time exponential in the depth.
const MAX_SEGMENTS: usize = 16;

/// One line of `path:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPath {
    /// Its segments, cleaned of `.`; `None` when it leaves the workspace upwards or is not known.
    pub segments: Option<Vec<Name>>,
    /// Whether it starts somewhere else than in the workspace, or may do so: `/tmp/x`, `${{ runner.temp }}/x`.
    pub outside: bool,
    /// Where the line stands in the value of `path:`, in bytes.
    pub offset: usize,
    /// The line as written.
    pub text: String,
    /// Whether it ends in `/`, which says it is a folder.
    pub folder: bool,
}

/// Whether something holds, as far as the file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tri {
    /// It does not.
    No,
    /// It cannot be told.
    Unknown,
    /// It does.
    Yes,
}

/// Everything one upload step's `path:` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPaths {
    /// The lines that include.
    pub includes: Vec<UploadPath>,
    /// Whether there are lines that exclude (`!…`).
    pub has_excludes: bool,
}

impl UploadPaths {
    /// Splits and cleans the value of `path:`; `eval` evaluates the expressions of a line.
    pub fn read(value: &str, eval: impl Fn(&str) -> Name) -> Self {
        let mut paths = Self { includes: Vec::new(), has_excludes: false };
        let mut offset = 0;
        for line in value.split('\n') {
            let text = line.trim();
            let start = offset + (line.len() - line.trim_start().len());
            offset += line.len() + 1;
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if text.starts_with('!') {
                paths.has_excludes = true;
                continue;
            }
            let name = in_workspace(eval(text));
            let outside = starts_outside(&name);
            paths.includes.push(UploadPath {
                segments: if outside { split(&name) } else { segments(&name) },
                outside,
                offset: start,
                text: text.to_owned(),
                folder: text.ends_with('/'),
            });
        }
        paths
    }

    /// Whether a file at `segments` (relative to the workspace, for example `coverage`, `.coverage`) is among the files
    /// that these paths name, hidden files not left out yet.
    pub fn names_file(&self, file: &[Name]) -> Tri {
        let mut answer = Tri::No;
        for path in &self.includes {
            match path.names_file(file) {
                Tri::Yes if !self.has_excludes => return Tri::Yes,
                Tri::Yes | Tri::Unknown => answer = Tri::Unknown,
                Tri::No => {}
            }
        }
        answer
    }

    /// The folder that upload-artifact strips from every file, as segments: the folder of a single literal file, the
    /// search path of a single pattern, the least common ancestor of several. `None` when it is not known.
    pub fn root(&self) -> Option<Vec<Name>> {
        let mut roots = Vec::new();
        for path in &self.includes {
            roots.push(path.search_path()?);
        }
        if let ([root], [path]) = (roots.as_slice(), self.includes.as_slice()) {
            return Some(if path.is_literal_file() {
                root[..root.len().saturating_sub(1)].to_vec()
            } else {
                root.clone()
            });
        }
        let mut roots = roots.into_iter();
        let first = roots.next()?;
        Some(roots.fold(first, |common, other| {
            common.iter().zip(&other).take_while(|(a, b)| a == b).map(|(a, _)| a.clone()).collect()
        }))
    }
}

impl UploadPaths {
    /// As [`root`](Self::root), where it is known that `file` is there: what looks like a file and holds it is a folder.
    pub fn root_with(&self, file: &[Name]) -> Option<Vec<Name>> {
        if let [path] = self.includes.as_slice()
            && let Some(segments) = path.segments.as_ref().filter(|_| path.is_literal_file() && !path.outside)
            && file.len() > segments.len()
            && file.starts_with(segments)
        {
            return Some(segments.clone());
        }
        self.root()
    }
}

impl UploadPath {
    /// The literal part before the first wildcard: where the walk starts.
    fn search_path(&self) -> Option<Vec<Name>> {
        let segments = self.segments.as_ref().filter(|_| !self.outside)?;
        Some(segments.iter().take_while(|segment| !has_wildcard(segment)).cloned().collect())
    }

    /// Whether this names one thing that looks like a file: no wildcard, and a last segment with a name like one.
    pub fn is_literal_file(&self) -> bool {
        !self.folder
            && self.segments.as_ref().is_some_and(|segments| {
                segments.iter().all(|s| !has_wildcard(s)) && segments.last().is_some_and(looks_like_file)
            })
    }

    /// Whether upload-artifact without hidden files drops all this path names. The walk starts at the search path and
    /// tests the base name of every item it meets, the search path itself first, but not the folders above it.
    pub fn is_hidden(&self) -> Tri {
        let Some(segments) = &self.segments else { return Tri::Unknown };
        let literal = segments.iter().take_while(|s| !has_wildcard(s)).count();
        let base = literal.checked_sub(1).and_then(|at| segments.get(at));
        let tested = base.into_iter().chain(&segments[literal..]);
        let mut answer = Tri::No;
        for segment in tested {
            match segment.pieces.first() {
                Some(Piece::Text(text)) if text.starts_with('.') => return Tri::Yes,
                Some(Piece::Hole(_)) => answer = Tri::Unknown,
                _ => {}
            }
        }
        answer
    }

    /// Whether the walk from this path meets a hidden item on the way to `file`, so that the file is dropped.
    pub fn hides(&self, file: &[Name]) -> bool {
        let Some(search) = self.search_path() else { return false };
        file.iter().skip(search.len().saturating_sub(1)).any(is_dotted)
    }

    /// Whether this line alone surely names `file`; a file at an unknown place never.
    pub fn names(&self, file: Option<&[Name]>) -> bool {
        file.is_some_and(|file| self.names_file(file) == Tri::Yes)
    }

    fn names_file(&self, file: &[Name]) -> Tri {
        match &self.segments {
            // A known place outside the workspace is not where the data is; an unknown one may be.
            None => Tri::Unknown,
            Some(_) if self.outside => Tri::Unknown,
            Some(pattern) if pattern.len() > MAX_SEGMENTS || file.len() > MAX_SEGMENTS => Tri::Unknown,
            Some(pattern) => match_segments(pattern, file),
        }
    }
}

fn is_dotted(segment: &Name) -> bool {
    matches!(segment.pieces.first(), Some(Piece::Text(text)) if text.starts_with('.'))
}

/// `coverage` may be a folder; `.coverage`, `coverage.xml` and `.coverage.3.12` are files.
fn looks_like_file(segment: &Name) -> bool {
    segment.pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('.')))
}

fn has_wildcard(segment: &Name) -> bool {
    segment.pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains(['*', '?', '['])))
}

/// Splits a path at `/` and resolves `.` and `..`; `None` for what leaves the workspace or cannot be followed.
pub fn segments(path: &Name) -> Option<Vec<Name>> {
    let path = in_workspace(path.clone());
    if starts_outside(&path) { None } else { split(&path) }
}

/// `${{ github.workspace }}/x` is `x`.
fn in_workspace(mut path: Name) -> Name {
    let is_root = matches!(path.pieces.first(), Some(Piece::Hole(hole)) if matches!(hole.as_str(), "github.workspace" | "forgejo.workspace" | "gitea.workspace"));
    if is_root {
        match path.pieces.get_mut(1) {
            None => path.pieces.clear(),
            Some(Piece::Text(text)) if text.starts_with('/') => {
                *text = text.trim_start_matches('/').to_owned();
                path.pieces.remove(0);
            }
            Some(_) => {}
        }
    }
    path
}

/// Whether a path is absolute, or begins with something unknown that may be (`${{ runner.temp }}/x`).
fn starts_outside(path: &Name) -> bool {
    match path.pieces.as_slice() {
        [Piece::Text(text), ..] => {
            let text = text.replace('\\', "/");
            text.starts_with('/') || text.starts_with('~') || text.contains(":/")
        }
        [Piece::Hole(_)] => true,
        [Piece::Hole(_), next, ..] => matches!(next, Piece::Text(text) if text.starts_with('/')),
        [] => false,
    }
}

fn split(path: &Name) -> Option<Vec<Name>> {
    let mut out: Vec<Name> = Vec::new();
    let mut current = Name::default();
    for piece in &path.pieces {
        match piece {
            Piece::Text(text) => {
                // What a shell variable or a home folder stands for is not known.
                if text.contains('$') {
                    return None;
                }
                for (nth, part) in text.replace('\\', "/").split('/').enumerate() {
                    if nth > 0 {
                        finish(&mut out, std::mem::take(&mut current))?;
                    }
                    if !part.is_empty() {
                        current.pieces.push(Piece::Text(part.to_owned()));
                    }
                }
            }
            Piece::Hole(_) => current.pieces.push(piece.clone()),
        }
    }
    finish(&mut out, current)?;
    Some(out)
}

fn finish(out: &mut Vec<Name>, segment: Name) -> Option<()> {
    match segment.known() {
        Some("" | ".") => {}
        Some("..") => {
            out.pop()?;
        }
        _ => out.push(segment),
    }
    Some(())
}

/// Whether the glob `pattern` names `file` or a folder above it.
fn match_segments(pattern: &[Name], file: &[Name]) -> Tri {
    let Some((first, rest)) = pattern.split_first() else {
        // The pattern ended on a folder above the file, or on the file.
        return Tri::Yes;
    };
    if first.known() == Some("**") {
        // `**` matches hidden names too here: upload-artifact filters them later.
        let mut best = Tri::No;
        for skip in 0..=file.len() {
            if rest.is_empty() && !file.is_empty() {
                return Tri::Yes;
            }
            match match_segments(rest, &file[skip..]) {
                Tri::Yes if skip < file.len() || rest.is_empty() => return Tri::Yes,
                Tri::Unknown => best = Tri::Unknown,
                _ => {}
            }
        }
        return best;
    }
    let Some((name, below)) = file.split_first() else { return Tri::No };
    match segment_matches(first, name) {
        Tri::No => Tri::No,
        Tri::Yes => match_segments(rest, below),
        Tri::Unknown => match match_segments(rest, below) {
            Tri::No => Tri::No,
            _ => Tri::Unknown,
        },
    }
}

/// One segment of a path glob against one of a file; a file's holes stand for anything. A wildcard here matches a leading
/// dot (the toolkit's globber runs with `dot: true`).
pub fn segment_matches(pattern: &Name, name: &Name) -> Tri {
    if pattern == name {
        return Tri::Yes;
    }
    if let (Some(pattern), Some(name)) = (pattern.known(), name.known()) {
        return if wildcard(pattern.as_bytes(), name.as_bytes()) { Tri::Yes } else { Tri::No };
    }
    if let Some(text) = pattern.known()
        && has_wildcard(pattern)
    {
        // `.coverage.*` against `.coverage.<hole>`: a hole is eaten by a star.
        let stand_in: String = name
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Hole(_) => "\u{1}",
            })
            .collect();
        if wildcard(text.as_bytes(), stand_in.as_bytes()) {
            return Tri::Yes;
        }
    }
    let starred = Name {
        pieces: pattern
            .pieces
            .iter()
            .flat_map(|piece| match piece {
                Piece::Text(text) if text.contains(['*', '?', '[']) => text
                    .split(['*', '?', '[', ']'])
                    .flat_map(|t| [Piece::Text(t.to_owned()), Piece::Hole(String::new())])
                    .collect(),
                other => vec![other.clone()],
            })
            .collect(),
    };
    if super::glob::names_can_meet(&starred, name) { Tri::Unknown } else { Tri::No }
}

/// `*` and `?` within one segment; a set in brackets counts as any one character. Linear in the product of the lengths:
/// on a mismatch only the last star is tried again.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let width = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => match pattern[p..].iter().position(|&b| b == b']') {
                Some(close) => Some(close + 1),
                None => (name[n] == b'[').then_some(1),
            },
            Some(&byte) => (byte == name[n]).then_some(1),
            None => None,
        };
        match (width, star) {
            (Some(width), _) => {
                p += width;
                n += 1;
            }
            (None, Some((after, from))) => {
                (p, n) = (after, from + 1);
                star = Some((after, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(value: &str) -> UploadPaths {
        UploadPaths::read(value, |text| Name::literal(text))
    }

    fn file(path: &str) -> Vec<Name> {
        path.split('/').map(Name::literal).collect()
    }

    fn hidden(path: &str) -> Tri {
        paths(path).includes[0].is_hidden()
    }

    #[test]
    fn hidden_is_what_the_walk_from_the_search_path_meets() {
        for path in [
            ".coverage",
            "./.coverage",
            ".coverage.*",
            ".htmlcov",
            ".reports/*.xml",
            ".tox/**",
            "a/.cov*",
            "**/.coverage",
        ] {
            assert_eq!(hidden(path), Tri::Yes, "{path}");
        }
        for path in [".reports/coverage.xml", "coverage/", "coverage.xml", "htmlcov/**", ".", "a/*/b", ".a/b/*"] {
            assert_eq!(hidden(path), Tri::No, "{path}");
        }
    }

    #[test]
    fn a_hidden_file_in_a_visible_folder_is_dropped() {
        let all = paths("coverage/");
        assert!(all.includes[0].hides(&file("coverage/.coverage.3")));
        assert!(!all.includes[0].hides(&file("coverage/data.xml")));
        assert!(!paths(".reports/coverage.xml").includes[0].hides(&file(".reports/coverage.xml")));
    }

    #[test]
    fn paths_name_files_and_folders_above_them() {
        for (path, data) in [
            (".coverage", ".coverage"),
            (".coverage*", ".coverage.x"),
            ("coverage", "coverage/.coverage"),
            ("coverage/", "coverage/a/.coverage"),
            ("**/.coverage", "a/b/.coverage"),
            ("**/.coverage", ".coverage"),
            ("**", "a/.coverage"),
            (".", ".coverage"),
            ("./x/../.coverage", ".coverage"),
        ] {
            assert_eq!(paths(path).names_file(&file(data)), Tri::Yes, "{path} {data}");
        }
        for (path, data) in
            [(".coverage.*", ".coverage"), ("coverage/.coverage", ".coverage"), ("htmlcov", ".coverage")]
        {
            assert_eq!(paths(path).names_file(&file(data)), Tri::No, "{path} {data}");
        }
        assert_eq!(paths("/tmp/x").names_file(&file(".coverage")), Tri::Unknown);
        assert_eq!(paths(".coverage*\n!.coverage.bad").names_file(&file(".coverage.a")), Tri::Unknown);
    }

    #[test]
    fn the_root_is_stripped_as_upload_artifact_does() {
        let root =
            |value: &str| paths(value).root().map(|r| r.iter().map(ToString::to_string).collect::<Vec<_>>().join("/"));
        assert_eq!(root("cov/.coverage").as_deref(), Some("cov"));
        assert_eq!(root("cov/.coverage.*").as_deref(), Some("cov"));
        assert_eq!(root("cov/").as_deref(), Some("cov"));
        assert_eq!(root("a/.coverage\na/b/x.xml").as_deref(), Some("a"));
        assert_eq!(root(".coverage\ncoverage.xml").as_deref(), Some(""));
        assert_eq!(root("/abs/x"), None);
    }
}
