//! tox 4's own TOML: `[env_run_base]` and `[env.NAME]` in `tox.toml`, the same below `[tool.tox]`.

use super::super::toml::{Node, Toml};
use super::config::place;
use super::{Config, Environment, Request, literal, posargs_text, substitute};
use crate::shell::Word;

#[derive(Debug)]
pub(super) struct Native {
    pub(super) root: Node,
}

impl Native {
    fn option(&self, environment: &str, key: &str) -> Option<&Node> {
        self.root.at(&["env", environment, key]).or_else(|| self.root.at(&["env_run_base", key]))
    }
}

impl Config for Native {
    fn default_environments(&self) -> Option<Vec<String>> {
        let items = self.root.get("env_list")?.items();
        // A table stands for names made from a product.
        items.iter().map(|item| item.text().map(str::to_owned)).collect()
    }

    fn environment(&self, name: &str, posargs: &[Word], request: &Request<'_>) -> Option<Environment> {
        let listed = self.default_environments().unwrap_or_default();
        if self.root.at(&["env", name]).is_none()
            && !listed.iter().any(|listed| listed == name)
            && super::python_version(name).is_none()
        {
            return None;
        }
        let mut env = Vec::new();
        let replace = |text: &str, env: &[(String, Option<String>)]| {
            substitute::replace(text, 0, &|inner, _| {
                if inner == "posargs" {
                    return Some(posargs_text(posargs));
                }
                let known = |key: &str| {
                    let own = env.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
                    own.or_else(|| request.variable(key).map(|value| value.map(str::to_owned)))
                };
                substitute::variable(inner, known, str::to_owned).or_else(|| place(inner, name))
            })
        };
        for (key, value) in self.option(name, "set_env").map_or(Vec::new(), Node::variables) {
            let value = value.map(|value| replace(&value, &env)).filter(|value| !value.contains('{'));
            env.push((key, value));
        }
        let mut commands = Vec::new();
        for key in ["commands_pre", "commands", "commands_post"] {
            for line in self.option(name, key).map_or(&[][..], Node::items) {
                let mut words: Vec<Word> = Vec::new();
                for item in line.items() {
                    match (&item.value, item.get("replace").and_then(Node::text)) {
                        (Toml::Text(text), _) => {
                            let text = replace(text, &env);
                            words.push(Word { dynamic: text.contains('{'), ..literal(&text) });
                        }
                        (_, Some("posargs")) if posargs.is_empty() => {
                            let default = item.get("default").map_or(&[][..], Node::items);
                            words.extend(default.iter().filter_map(Node::text).map(literal));
                        }
                        (_, Some("posargs")) => words.extend(posargs.iter().cloned()),
                        _ => words.push(Word { dynamic: true, ..literal("{}") }),
                    }
                }
                if let Some(first) = words.first_mut()
                    && first.text.trim_matches(['-', '!', '@']).is_empty()
                {
                    words.remove(0);
                }
                if !words.is_empty() {
                    commands.push((words, line.span));
                }
            }
        }
        let mut installs = Vec::new();
        for key in ["deps", "extras", "dependency_groups"] {
            let items = self.option(name, key).map_or(&[][..], Node::items);
            installs.extend(items.iter().map(|item| match (key, item.text()) {
                ("deps", Some(text)) => text.to_owned(),
                (key, text) => format!("{key}: {}", text.unwrap_or("{}")),
            }));
        }
        let passed = self.option(name, "pass_env").map_or(&[][..], Node::items);
        let open = passed.iter().filter_map(Node::text).any(|name| name == "*" || name.starts_with("COV"));
        let base_python = self
            .option(name, "base_python")
            .and_then(|node| node.text().or_else(|| node.items().first().and_then(Node::text)).map(str::to_owned));
        let folder = match self.option(name, "change_dir") {
            None => Some(String::new()),
            Some(node) => node.text().map(|text| replace(text, &env)).filter(|text| !text.contains('{')),
        };
        Some(Environment { commands, env, folder, installs, base_python, open })
    }

    fn chosen_by_plugin(&self) -> bool {
        let requires = self.root.get("requires").map_or(&[][..], Node::items);
        self.root.get("gh").is_some() || requires.iter().filter_map(Node::text).any(|name| name.contains("tox-gh"))
    }
}
