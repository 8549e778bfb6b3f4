//! Rows of CSV: fields in quotes may hold delimiters, new lines, and quotes that are written twice.

/// # Errors
/// Where a quote stands that neither begins nor ends a field: the line, counted from one.
pub fn rows(text: &str, delimiter: char) -> Result<Vec<Vec<String>>, usize> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut closed, mut line) = (false, false, 1);
    let mut rest = text.chars().peekable();
    while let Some(it) = rest.next() {
        line += usize::from(it == '\n');
        match it {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => (quoted, closed) = (false, true),
            it if quoted => field.push(it),
            '"' if field.is_empty() && !closed => quoted = true,
            '"' => return Err(line),
            it if it == delimiter => {
                row.push(std::mem::take(&mut field));
                closed = false;
            }
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut field));
                closed = false;
                rows.push(std::mem::take(&mut row));
            }
            _ if closed => return Err(line),
            it => field.push(it),
        }
    }
    if quoted {
        return Err(line);
    }
    if !field.is_empty() || closed || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    // A line without anything is no row.
    rows.retain(|it| it.len() > 1 || !it[0].is_empty());
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        let read = |text: &str| rows(text, ',').map(|them| them.iter().map(|it| it.join("|")).collect::<Vec<_>>());
        assert_eq!(
            read("a,b\n1,\"2,3\"\r\n\n\"x\"\"y\",\"\"\n"),
            Ok(vec!["a|b".into(), "1|2,3".into(), "x\"y|".into()])
        );
        assert_eq!(read("a,\"two\nlines\""), Ok(vec!["a|two\nlines".into()]));
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("a\nb\"c"), Err(2));
        assert_eq!(read("\"a\"b"), Err(1));
        assert_eq!(read("\"a"), Err(1));
        assert_eq!(rows("a;b", ';').unwrap()[0].len(), 2);
    }
}
