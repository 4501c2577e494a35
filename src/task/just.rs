use super::{Request, Resolution};
pub(super) fn resolve(_request: &Request<'_>) -> Option<Resolution> {
    None
}
