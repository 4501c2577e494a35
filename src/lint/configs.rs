//! Finds the `.ci-lint.yml` and the project facts that belong to each file, each read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read;
use crate::config::{self, Config};
use crate::findings::Problem;
use crate::flow::Project;
use crate::rules;

/// The names a configuration can have, the first found counts.
pub const NAMES: [&str; 2] = [".ci-lint.yml", ".ci-lint.yaml"];

/// What belongs to the files of one folder.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The configuration and the folder its paths are relative to.
    pub config: Option<Arc<(PathBuf, Config)>>,
    /// What the project's coverage configuration says.
    pub project: Project,
}

/// Settings by folder.
#[derive(Debug, Default)]
pub struct Settings {
    by_folder: HashMap<PathBuf, Setting>,
    loaded: HashMap<PathBuf, Option<Arc<(PathBuf, Config)>>>,
    forced: Option<Arc<(PathBuf, Config)>>,
    projects: HashMap<PathBuf, Project>,
    /// Configurations that could not be read.
    pub problems: Vec<Problem>,
    /// What was read, for `--verbose`.
    pub notes: Vec<String>,
}

impl Settings {
    /// Reads `--config` for all files.
    pub fn force(&mut self, path: &Path) {
        self.forced = self.load(path);
    }

    /// Whether a configuration is in force that could not be read.
    pub fn is_broken(&self) -> bool {
        !self.problems.is_empty()
    }

    /// What belongs to the file at `path`.
    pub fn of(&mut self, path: &Path) -> Setting {
        let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        if let Some(setting) = self.by_folder.get(&folder) {
            return setting.clone();
        }
        let absolute = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder })
            .unwrap_or_else(|_| folder.clone());
        let config = match &self.forced {
            Some(config) => Some(Arc::clone(config)),
            None => self.nearest(&absolute),
        };
        let project = self.project(&absolute);
        let setting = Setting { config, project };
        self.by_folder.insert(folder, setting.clone());
        setting
    }

    /// What the project of the file at `path` says about its coverage data.
    pub fn project_of(&mut self, path: &Path) -> Project {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.project(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()))
    }

    /// Every configuration in use.
    pub fn all(&self) -> Vec<Arc<(PathBuf, Config)>> {
        self.loaded.values().flatten().cloned().collect()
    }

    /// The nearest configuration in `folder` or above it, not beyond the repository's root.
    fn nearest(&mut self, folder: &Path) -> Option<Arc<(PathBuf, Config)>> {
        for folder in folder.ancestors() {
            for name in NAMES {
                let path = folder.join(name);
                if path.is_file() {
                    return self.load(&path);
                }
            }
            if folder.join(".git").exists() {
                return None;
            }
        }
        None
    }

    fn load(&mut self, path: &Path) -> Option<Arc<(PathBuf, Config)>> {
        if let Some(loaded) = self.loaded.get(path) {
            return loaded.clone();
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let shown = shown(&absolute);
        let names: Vec<&str> = rules::all().iter().map(|rule| rule.id).collect();
        let result =
            read::source(&shown).map_err(|problem| vec![problem]).and_then(|source| config::load(source, &names));
        let loaded = match result {
            Ok(config) => {
                self.notes.push(format!("configuration {}", shown.display()));
                Some(Arc::new((absolute.parent().map_or_else(PathBuf::new, Path::to_path_buf), config)))
            }
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        };
        self.loaded.insert(path.to_path_buf(), loaded.clone());
        loaded
    }

    /// The facts of the project whose workflow folder this is.
    fn project(&mut self, folder: &Path) -> Project {
        let is_workflows = folder.ends_with(".forgejo/workflows")
            || folder.ends_with(".gitea/workflows")
            || folder.ends_with(".github/workflows");
        let Some(root) = folder.parent().and_then(Path::parent).filter(|_| is_workflows) else {
            return Project::default();
        };
        let project = self.projects.entry(root.to_path_buf()).or_insert_with(|| super::project::read(root));
        project.clone()
    }
}

/// A path relative to the current folder where it lies below it: shorter, and the same on every machine.
pub fn shown(absolute: &Path) -> PathBuf {
    std::env::current_dir()
        .ok()
        .and_then(|here| absolute.strip_prefix(here).ok().map(Path::to_path_buf))
        .unwrap_or_else(|| absolute.to_path_buf())
}
