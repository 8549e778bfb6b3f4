//! Items as answers show them, written as JSON straight from what is stored: a page of items takes a fraction of what it
//! would take by way of attributes and values.

use crate::attribute::{Attribute, CONTAINER_BYTES, Document, ELEMENT_BYTES};
use crate::number::Number;
use crate::packed::{
    BINARIES, BINARY, FALSE, LIST, MAP, NULL, NUMBER, NUMBERS, Packed, TEXT, TEXTS, TRUE, take_bytes, take_length,
};
use model::wire::{write_blob, write_text};

impl Packed {
    /// Appends the item; returns its size as [`Document::size`] counts it.
    ///
    /// # Panics
    /// As [`Packed::unpack`].
    pub fn write_json(&self, out: &mut Vec<u8>) -> usize {
        let mut input = self.entries().expect("a stored item is of a version that is known");
        entries(&mut input, out).expect("a stored item is whole").0
    }
}

impl Document {
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (name, value)) in self.iter().enumerate() {
            comma(index, out);
            write_text(name, out);
            out.push(b':');
            value.write_json(out);
        }
        out.push(b'}');
    }
}

impl Attribute {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(self.kind().name().as_bytes());
        out.extend_from_slice(b"\":");
        match self {
            Attribute::Null => out.extend_from_slice(b"true"),
            Attribute::Bool(it) => out.extend_from_slice(if *it { b"true" } else { b"false" }),
            Attribute::S(it) => write_text(it, out),
            Attribute::N(it) => write_number(it, out),
            Attribute::B(it) => write_blob(it, out),
            Attribute::SS(them) => list(them, out, |it, out| write_text(it, out)),
            Attribute::NS(them) => list(them, out, write_number),
            Attribute::BS(them) => list(them, out, |it, out| write_blob(it, out)),
            Attribute::L(them) => list(them, out, Attribute::write_json),
            Attribute::M(it) => it.write_json(out),
        }
        out.push(b'}');
    }
}

fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn list<T>(them: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, it) in them.iter().enumerate() {
        comma(index, out);
        write(it, out);
    }
    out.push(b']');
}

fn write_number(it: &Number, out: &mut Vec<u8>) {
    out.push(b'"');
    it.write_text(out);
    out.push(b'"');
}

/// (bytes, how many)
fn entries(input: &mut &[u8], out: &mut Vec<u8>) -> Option<(usize, usize)> {
    let count = take_length(input)?;
    let mut size = 0;
    out.push(b'{');
    for index in 0..count {
        comma(index, out);
        size += text(input, out)?;
        out.push(b':');
        size += attribute(input, out)?;
    }
    out.push(b'}');
    Some((size, count))
}

/// Writes one; returns its size.
fn attribute(input: &mut &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (&tag, rest) = input.split_first()?;
    *input = rest;
    let begin = |name: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(name);
        out.extend_from_slice(b"\":");
    };
    let size = match tag {
        NULL | FALSE | TRUE => {
            begin(if tag == NULL { b"NULL" } else { b"BOOL" }, out);
            out.extend_from_slice(if tag == FALSE { b"false" } else { b"true" });
            1
        }
        TEXT => {
            begin(b"S", out);
            text(input, out)?
        }
        NUMBER => {
            begin(b"N", out);
            number(input, out)?
        }
        BINARY => {
            begin(b"B", out);
            binary(input, out)?
        }
        TEXTS => {
            begin(b"SS", out);
            elements(input, out, text)?.0
        }
        NUMBERS => {
            begin(b"NS", out);
            elements(input, out, number)?.0
        }
        BINARIES => {
            begin(b"BS", out);
            elements(input, out, binary)?.0
        }
        LIST => {
            begin(b"L", out);
            let (size, count) = elements(input, out, attribute)?;
            CONTAINER_BYTES + size + count * ELEMENT_BYTES
        }
        MAP => {
            begin(b"M", out);
            let (size, count) = entries(input, out)?;
            CONTAINER_BYTES + size + count * ELEMENT_BYTES
        }
        _ => return None,
    };
    out.push(b'}');
    Some(size)
}

type Put = fn(&mut &[u8], &mut Vec<u8>) -> Option<usize>;

fn elements(input: &mut &[u8], out: &mut Vec<u8>, put: Put) -> Option<(usize, usize)> {
    let count = take_length(input)?;
    let mut size = 0;
    out.push(b'[');
    for index in 0..count {
        comma(index, out);
        size += put(input, out)?;
    }
    out.push(b']');
    Some((size, count))
}

fn text(input: &mut &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let it = std::str::from_utf8(take_bytes(input)?).ok()?;
    write_text(it, out);
    Some(it.len())
}

fn number(input: &mut &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let it = Number::take(input)?;
    write_number(&it, out);
    Some(it.size())
}

fn binary(input: &mut &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let it = take_bytes(input)?;
    write_blob(it, out);
    Some(it.len())
}

#[cfg(test)]
mod tests {
    use crate::attribute::Document;
    use crate::packed::Packed;
    use crate::packed::any::any_document;
    use crate::wire;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_are_written_as_their_values_would_be(item in any_document()) {
            let mut by_value = Vec::new();
            model::wire::write_free(&wire::into_value(item.clone()), &mut by_value);
            let (mut packed, mut plain) = (Vec::new(), Vec::new());
            let size = Packed::new(&item).write_json(&mut packed);
            item.write_json(&mut plain);
            prop_assert_eq!(String::from_utf8_lossy(&packed), String::from_utf8_lossy(&by_value));
            prop_assert_eq!(plain, by_value);
            prop_assert_eq!(size, Document::size(&item));
        }
    }
}
