//! What is known of the run that a workflow is read for: nothing when it is linted, the event and more in a running job.

use std::collections::HashMap;
use std::sync::Arc;

use crate::workflow::expression::Value;

/// Values that are the same for every job of a run. The default knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Run {
    values: HashMap<String, Value>,
    event: Option<Arc<serde_json::Value>>,
    /// Whether nothing fails in it.
    succeeds: bool,
    /// What `success()` comes to then.
    success: Option<bool>,
}

/// The names under which forges offer the `github` context.
const ROOTS: [&str; 4] = ["github", "forgejo", "gitea", "forge"];

impl Run {
    /// A run in which everything that runs succeeds, so that `success()` and `always()` hold and `failure()` does not.
    /// `event` is the event's payload; without it nothing below `github.event` is known.
    pub fn that_succeeds(event: Option<serde_json::Value>) -> Self {
        Self { values: HashMap::new(), event: event.map(Arc::new), succeeds: true, success: Some(true) }
    }

    /// Makes a value known, such as `github.ref`. An empty text is a value too.
    pub fn set(&mut self, path: &str, value: Value) {
        self.values.insert(path.to_lowercase(), value);
    }

    /// The same run where `success()` comes to this for want of a job that was skipped, or may have been.
    #[must_use]
    pub fn with_success(&self, success: Option<bool>) -> Self {
        Self { success, ..self.clone() }
    }

    /// The value at a normalised path (see [`evaluate`](crate::workflow::expression::evaluate)); `None` when it is not known.
    pub fn lookup(&self, path: &str) -> Option<Value> {
        if self.succeeds && path.ends_with("()") {
            return match path {
                "always()" => Some(Value::Bool(true)),
                "success()" => self.success.map(Value::Bool),
                "failure()" | "cancelled()" => Some(Value::Bool(false)),
                _ => None,
            };
        }
        if let Some(value) = self.values.get(path) {
            return Some(value.clone());
        }
        let (root, rest) = path.split_once('.')?;
        if !ROOTS.contains(&root) {
            return None;
        }
        if let Some(value) = self.values.get(&format!("github.{rest}")) {
            return Some(value.clone());
        }
        let rest = rest.strip_prefix("event.")?;
        let mut at: &serde_json::Value = self.event.as_ref()?;
        for key in rest.split('.') {
            let serde_json::Value::Object(object) = at else {
                // A property of a scalar, or of nothing, is nothing; what a list answers is not followed.
                return (!at.is_array()).then_some(Value::Null);
            };
            match object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
                Some((_, value)) => at = value,
                None => return Some(Value::Null),
            }
        }
        match at {
            serde_json::Value::Null => Some(Value::Null),
            serde_json::Value::Bool(value) => Some(Value::Bool(*value)),
            serde_json::Value::Number(number) => number.as_f64().map(Value::Number),
            serde_json::Value::String(text) => Some(Value::String(text.clone())),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_known_to_its_leaves() {
        let event =
            serde_json::json!({"pull_request": {"draft": false, "head": {"repo": {"fork": true}}, "labels": []}});
        let mut run = Run::that_succeeds(Some(event));
        run.set("github.event_name", Value::String("pull_request".to_owned()));
        assert_eq!(run.lookup("github.event.pull_request.head.repo.fork"), Some(Value::Bool(true)));
        assert_eq!(run.lookup("gitea.event.pull_request.draft"), Some(Value::Bool(false)));
        assert_eq!(run.lookup("github.event.issue.number"), Some(Value::Null));
        assert_eq!(run.lookup("github.event.pull_request.labels"), None);
        assert_eq!(run.lookup("forgejo.event_name"), Some(Value::String("pull_request".to_owned())));
        assert_eq!(run.lookup("runner.os"), None);
        assert_eq!(run.lookup("failure()"), Some(Value::Bool(false)));
        assert_eq!(Run::default().lookup("success()"), None);
        assert_eq!(Run::default().lookup("github.event.issue"), None);
    }
}
