//! Reads JSON strings, one a line, and prints how comments show each: as code, as code in a table's cell, as text. For
//! `tests/oracle/markdown/run`.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use ci_lint::apply::publish::escape;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let name: String = serde_json::from_str(&line?)?;
        let shown = [escape::code(&name), escape::code_cell(&name), escape::text(&name)];
        writeln!(out, "{}", serde_json::to_string(&shown)?)?;
    }
    Ok(())
}
