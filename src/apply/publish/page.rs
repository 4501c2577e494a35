//! A text with a budget: what does not fit is left out by whole parts and rows, and that it is left out is said.

/// A text that never grows beyond its limit.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    /// In bytes. Forges count characters; there are never more of them.
    limit: usize,
}

impl Page {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), limit }
    }

    /// Appends a part, or nothing at all if it does not fit.
    pub(super) fn push(&mut self, part: &str) -> bool {
        let fits = self.text.len() + part.len() <= self.limit;
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// Appends `head`, as many rows as fit, and `tail`; `reserve` bytes stay free for what comes behind. Of `all` rows there are,
    /// `more` says how many are left out. Without rows, or if not even that fits, nothing is appended.
    pub(super) fn rows(
        &mut self,
        (head, tail): (&str, &str),
        all: usize,
        rows: impl Iterator<Item = String>,
        reserve: usize,
        more: impl Fn(usize) -> String,
    ) {
        if all == 0 {
            return;
        }
        // The longest that can have to be said.
        let Some(limit) = self.limit.checked_sub(tail.len() + reserve + more(all).len()) else { return };
        if self.text.len() + head.len() > limit {
            return;
        }
        self.text.push_str(head);
        let mut shown = 0;
        for row in rows {
            if self.text.len() + row.len() > limit {
                break;
            }
            self.text.push_str(&row);
            shown += 1;
        }
        if shown < all {
            self.text.push_str(&more(all - shown));
        }
        self.text.push_str(tail);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(limit: usize, rows: &[String], reserve: usize) -> String {
        let mut page = Page::new(limit);
        page.rows(("head\n", "tail\n"), rows.len(), rows.iter().cloned(), reserve, |left| format!("and {left} more\n"));
        page.finish()
    }

    #[test]
    fn rows_are_whole_and_the_rest_is_counted() {
        let rows: Vec<String> = (1..=5).map(|row| format!("row {row}\n")).collect();
        assert_eq!(page(100, &rows, 0), "head\nrow 1\nrow 2\nrow 3\nrow 4\nrow 5\ntail\n");
        assert_eq!(page(34, &rows, 0), "head\nrow 1\nrow 2\nand 3 more\ntail\n");
        assert_eq!(page(34, &rows, 8), "head\nand 5 more\ntail\n");
        assert_eq!(page(20, &rows, 0), "");
        assert_eq!(page(100, &[], 0), "");
        let mut tiny = Page::new(5);
        tiny.rows(("", ""), 1, std::iter::once("a row\n".to_owned()), 0, |_| "and more\n".to_owned());
        assert_eq!(tiny.finish(), "", "not even that rows are left out fits");
    }

    proptest! {
        #[test]
        fn the_limit_holds(limit in 0usize..200, rows in proptest::collection::vec("[a-z]{0,30}\n", 0..20), reserve in 0usize..50) {
            let text = page(limit, &rows, reserve);
            prop_assert!(text.is_empty() || text.len() + reserve <= limit);
        }
    }
}
