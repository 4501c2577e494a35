//! Finds where quoted and nested constructs of a script end, without recursion and in linear time.

/// What an unfinished substitution is nested in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nest {
    Paren,
    Arithmetic,
    Brace,
    Double,
    Backtick,
}

/// The end of a here-document body and the start of the line after its delimiter.
pub(super) fn find_delimiter(bytes: &[u8], start: usize, delimiter: &str, strip_tabs: bool) -> Option<(usize, usize)> {
    let mut at = start;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |i| at + i);
        let mut line = &bytes[at..end];
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if strip_tabs {
            let tabs = line.iter().take_while(|&&b| b == b'\t').count();
            line = &line[tabs..];
        }
        let next = (end + 1).min(bytes.len());
        if line == delimiter.as_bytes() {
            return Some((at, next));
        }
        at = next.max(end + 1);
    }
    None
}

/// The place after the `}}` of the expression that starts at `at`; its strings are `'…'`.
pub(super) fn skip_expression(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 3;
    let mut quoted = false;
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            quoted = !quoted;
        } else if !quoted && bytes[at..].starts_with(b"}}") {
            return Some(at + 2);
        }
        at += 1;
    }
    None
}

/// The place after the construct whose opened `nests` all have closed.
pub(super) fn skip_nested(bytes: &[u8], start: usize, nests: &[Nest]) -> Option<usize> {
    let mut stack = nests.to_vec();
    let mut documents: Vec<(String, bool)> = Vec::new();
    let mut at = start;
    while at < bytes.len() {
        let top = *stack.last()?;
        let rest = &bytes[at..];
        match (top, rest) {
            (_, [b'$', b'{', b'{', ..]) => {
                at = skip_expression(bytes, at)?;
                continue;
            }
            (_, [b'\\', ..]) => at += 1,
            (Nest::Backtick, [b'`', ..])
            | (Nest::Double, [b'"', ..])
            | (Nest::Brace, [b'}', ..])
            | (Nest::Paren | Nest::Arithmetic, [b')', ..]) => {
                stack.pop();
                if stack.is_empty() {
                    return Some(at + 1);
                }
            }
            (Nest::Backtick, _) => {}
            (_, [b'$', b'(', b'(', ..]) => {
                stack.extend([Nest::Arithmetic, Nest::Arithmetic]);
                at += 2;
            }
            (_, [b'$', b'(', ..]) => {
                stack.push(Nest::Paren);
                at += 1;
            }
            (_, [b'$', b'{', ..]) => {
                stack.push(Nest::Brace);
                at += 1;
            }
            (_, [b'`', ..]) => stack.push(Nest::Backtick),
            (Nest::Arithmetic, [b'(', ..]) => stack.push(Nest::Arithmetic),
            (Nest::Double | Nest::Arithmetic, _) => {}
            (_, [b'"', ..]) => stack.push(Nest::Double),
            (Nest::Brace, [b'\'', ..]) if stack.len() >= 2 && stack[stack.len() - 2] == Nest::Double => {}
            (_, [b'\'', tail @ ..]) if top == Nest::Paren || tail.contains(&b'\'') => {
                at += 1 + tail.iter().position(|&b| b == b'\'')?;
            }
            (Nest::Paren, [b'(', ..]) => stack.push(Nest::Paren),
            (Nest::Paren, [b'#', ..])
                if at == start
                    || bytes[at - 1].is_ascii_whitespace()
                    || matches!(bytes[at - 1], b'(' | b';' | b'&' | b'|') =>
            {
                at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
                continue;
            }
            (Nest::Paren, [b'<', b'<', b'<', ..]) => at += 2,
            (Nest::Paren, [b'<', b'<', tail @ ..]) => {
                let strip_tabs = tail.first() == Some(&b'-');
                let skip = usize::from(strip_tabs)
                    + tail[usize::from(strip_tabs)..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                let length = tail[skip..]
                    .iter()
                    .take_while(|b| {
                        !b.is_ascii_whitespace() && !matches!(b, b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
                    })
                    .count();
                let raw = String::from_utf8_lossy(&tail[skip..skip + length]);
                documents.push((raw.replace(['\'', '"', '\\'], ""), strip_tabs));
                at += 1 + skip + length;
            }
            (Nest::Paren, [b'\n', ..]) => {
                at += 1;
                for (delimiter, strip_tabs) in documents.drain(..) {
                    at = find_delimiter(bytes, at, &delimiter, strip_tabs)?.1;
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_quotes_do_not_end_a_substitution() {
        let text = b"echo \")\" ')' $(x) ${y:-)} `)` # )\n) rest";
        assert_eq!(skip_nested(text, 0, &[Nest::Paren]), Some(text.len() - 5));
        assert_eq!(skip_nested(b"echo 'a", 0, &[Nest::Paren]), None);
    }

    #[test]
    fn a_here_document_inside_a_substitution_may_hold_quotes() {
        let text = b"cat <<'EOF'\nit's )\nEOF\n)";
        assert_eq!(skip_nested(text, 0, &[Nest::Paren]), Some(text.len()));
    }

    #[test]
    fn strings_in_an_expression_may_hold_braces() {
        assert_eq!(skip_expression(b"${{ format('}}', 'it''s') }} x", 0), Some(28));
    }
}
