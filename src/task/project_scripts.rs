//! Tasks of pdm, poe, rye and pixi, which stand in `pyproject.toml` or a file of the tool's own.

use std::sync::Arc;

use super::toml::{self, Node, Toml};
use super::{Code, Origin, Piece, Request, Resolution, Setting, join};
use crate::shell::Runner;
use crate::source::Source;

/// Tasks that name tasks are followed this deep.
const MAX_DEPTH: usize = 8;

/// What the task executes.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let name = request.run.sessions.first()?;
    if !request.is_known(name) {
        return None;
    }
    let (source, tables) = tables(request)?;
    let mut resolution = Resolution::default();
    let session = resolution.session(Setting::plain(name));
    let mut walk = Walk { request, source, tables, session, resolution };
    let args: Vec<String> = request.args().into_iter().map(|word| shown(&word)).collect();
    walk.task(name, &args.join(" "), 0)?;
    Some(walk.resolution)
}

fn shown(word: &crate::shell::Word) -> String {
    if !word.dynamic && word.text.contains([' ', '\'', '"', '$', '*', '(', '|', '&', ';', '<', '>']) {
        format!("'{}'", word.text.replace('\'', "'\\''"))
    } else {
        word.text.clone()
    }
}

/// The file with the tasks, and the tables that hold them.
fn tables(request: &Request<'_>) -> Option<(Arc<Source>, Vec<Node>)> {
    let own: &[(&str, &[&str])] = match request.run.runner {
        Runner::Pdm => &[("pyproject.toml", &["tool", "pdm", "scripts"])],
        Runner::Poe => &[("pyproject.toml", &["tool", "poe", "tasks"]), ("poe_tasks.toml", &["tasks"])],
        Runner::Rye => &[("pyproject.toml", &["tool", "rye", "scripts"])],
        Runner::Pixi => &[("pixi.toml", &["tasks"]), ("pyproject.toml", &["tool", "pixi", "tasks"])],
        _ => return None,
    };
    for (file, path) in own {
        let Some(source) = request.read(file) else { continue };
        let Some(root) = toml::parse(&source.text) else { continue };
        let mut tables: Vec<Node> = root.at(path).cloned().into_iter().collect();
        if request.run.runner == Runner::Pixi {
            let features =
                if *file == "pixi.toml" { root.get("feature") } else { root.at(&["tool", "pixi", "feature"]) };
            let features = features.map_or(&[][..], Node::table);
            tables.extend(features.iter().filter_map(|(_, feature)| feature.get("tasks").cloned()));
        }
        if !tables.is_empty() {
            return Some((source, tables));
        }
    }
    None
}

struct Walk<'r, 'a> {
    request: &'r Request<'a>,
    source: Arc<Source>,
    tables: Vec<Node>,
    session: usize,
    resolution: Resolution,
}

impl Walk<'_, '_> {
    fn get(&self, name: &str) -> Option<Node> {
        let mut found = self.tables.iter().filter_map(|table| table.get(name));
        let first = found.next()?;
        // A task of several features may be any of them.
        found.next().is_none().then(|| first.clone())
    }

    fn push(&mut self, node: &Node, code: Code, around: Option<&Node>) {
        let mut env = Vec::new();
        let mut cwd = Some(self.request.folder.to_owned());
        if let Some(task) = around {
            env = task.get("env").map_or(Vec::new(), Node::variables);
            if task.get("env_file").is_some() || task.get("envfile").is_some() {
                env.push(("COVERAGE_FILE".to_owned(), None));
            }
            if let Some(folder) = task.get("cwd").or_else(|| task.get("working_dir")) {
                cwd = folder.text().and_then(|folder| join(self.request.folder, folder));
            }
        }
        self.resolution.pieces.push(Piece {
            origin: Origin { source: Arc::clone(&self.source), span: node.span },
            code,
            env,
            cwd,
            guarded: false,
            session: self.session,
        });
    }

    /// A task by name; `None` when there is none.
    fn task(&mut self, name: &str, args: &str, depth: usize) -> Option<()> {
        let node = self.get(name)?;
        if depth > MAX_DEPTH || self.resolution.pieces.len() > super::MAX_PIECES {
            return None;
        }
        if self.request.run.runner == Runner::Pdm {
            for hook in [format!("pre_{name}"), format!("post_{name}")] {
                if self.get(&hook).is_some() {
                    // Hooks surround the task; which way round is of no weight here.
                    self.body(&hook, &self.get(&hook)?, "", depth)?;
                }
            }
        }
        self.body(name, &node, args, depth)
    }

    fn body(&mut self, name: &str, node: &Node, args: &str, depth: usize) -> Option<()> {
        match &node.value {
            Toml::Text(text) => self.command(node, text, args, None),
            // A list is a sequence of tasks for poe and rye, of words for others.
            Toml::Array(items) if matches!(self.request.run.runner, Runner::Poe) => {
                self.sequence(items, depth)?;
            }
            Toml::Array(items) => {
                let words: Option<Vec<&str>> = items.iter().map(Node::text).collect();
                self.command(node, &words?.join(" "), args, None);
            }
            Toml::Table(_) => self.table(name, node, args, depth)?,
            _ => return None,
        }
        Some(())
    }

    fn table(&mut self, name: &str, node: &Node, args: &str, depth: usize) -> Option<()> {
        for key in ["depends-on", "depends_on", "deps"] {
            let depends = node.get(key);
            let names: Vec<&Node> = match depends {
                Some(depends) if depends.text().is_some() => vec![depends],
                Some(depends) => depends.items().iter().collect(),
                None => Vec::new(),
            };
            for item in names {
                let task = item.text().or_else(|| item.get("task").and_then(Node::text))?;
                let first = task.split_whitespace().next().unwrap_or_default().to_owned();
                self.task(&first, "", depth + 1)?;
            }
        }
        // poe's declared arguments are put in by name; what they hold is not known here.
        let declared = node.get("args").is_some();
        if let Some(command) = node.get("cmd") {
            let text = match &command.value {
                Toml::Text(text) => text.clone(),
                Toml::Array(items) => items.iter().map(Node::text).collect::<Option<Vec<_>>>()?.join(" "),
                _ => return None,
            };
            self.command(command, &text, if declared { "" } else { args }, Some(node));
        } else if let Some(shell) = node.get("shell").filter(|_| node.get("interpreter").is_none()) {
            let text = shell.text()?.to_owned();
            let text = if self.request.run.runner == Runner::Pdm && !args.is_empty() {
                format!("{text} {args}")
            } else {
                text
            };
            self.push(shell, Code::Shell(text, false), Some(node));
        } else if let Some(list) = node.get("sequence").or_else(|| node.get("composite")).or_else(|| node.get("chain"))
        {
            let items = list.items().to_vec();
            if self.request.run.runner == Runner::Poe {
                self.sequence(&items, depth)?;
            } else {
                for item in &items {
                    let text = item.text()?;
                    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
                    if first != name && self.get(first).is_some() {
                        self.task(first, rest, depth + 1)?;
                    } else {
                        self.command(item, text, "", Some(node));
                    }
                }
            }
        } else if let Some(other) = node.get("ref").and_then(Node::text) {
            let (first, rest) = other.split_once(' ').unwrap_or((other, ""));
            self.task(first, &format!("{rest} {args}"), depth + 1)?;
        } else if node.get("depends-on").is_none() && node.get("depends_on").is_none() {
            self.push(node, Code::Opaque, Some(node));
        }
        Some(())
    }

    /// The items of poe's sequences: names of tasks, or tasks themselves.
    fn sequence(&mut self, items: &[Node], depth: usize) -> Option<()> {
        for item in items {
            match &item.value {
                Toml::Text(text) => {
                    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
                    self.task(first, rest, depth + 1)?;
                }
                Toml::Array(items) => self.sequence(items, depth + 1)?,
                Toml::Table(_) => self.table("", item, "", depth + 1)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn command(&mut self, node: &Node, text: &str, args: &str, around: Option<&Node>) {
        let placed = ["{args}", "$@", "${@}"].iter().find(|place| text.contains(**place));
        let text = match placed {
            Some(place) => text.replace(place, args),
            None if args.is_empty() => text.to_owned(),
            None => format!("{text} {args}"),
        };
        // Other braces, such as pixi's `{{ name }}` or pdm's `{args:default}`, are put in by the run.
        let text = match text.find("{args:") {
            Some(at) => match text[at..].find('}') {
                Some(end) => {
                    let default = if args.is_empty() { &text[at + 6..at + end] } else { "" };
                    format!("{}{default}{}", &text[..at], &text[at + end + 1..])
                }
                None => text,
            },
            None => text,
        };
        self.push(node, Code::Shell(text.replace("{{", "${TASK_FIELD}"), false), around);
    }
}
