//! Deployment packages: zip files, checked before they are kept; inline code packed into one.

use api::lambda::error;
use model::Result;
use std::io::{Cursor, Write};
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Lambda quotas in the developer guide: a package uploaded directly, and all its files unzipped.
const MOST_ZIPPED: usize = 50 * 1024 * 1024;
const MOST_UNZIPPED: u64 = 250 * 1024 * 1024;
/// As many as the driver unpacks: ten times those of a large Node.js package.
const MOST_ENTRIES: usize = 200_000;

const NOT_A_ZIP: &str = "Could not unzip uploaded file. Please check your file, then try to upload again.";

/// Refuses what could not be run later. Reads the directory of the file, not its contents.
pub fn check(zip: &[u8]) -> Result<()> {
    let refused = |why: String| Err(error::INVALID_PARAMETER_VALUE.with(why));
    if zip.len() > MOST_ZIPPED {
        return Err(error::REQUEST_TOO_LARGE.with(format!("Zipped size must be smaller than {MOST_ZIPPED} bytes")));
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(zip)) else { return refused(NOT_A_ZIP.to_owned()) };
    if archive.is_empty() {
        return refused("Uploaded file must be a non-empty zip".to_owned());
    }
    if archive.len() > MOST_ENTRIES {
        return refused(format!("The zip file has more than {MOST_ENTRIES} entries"));
    }
    let mut unzipped = 0u64;
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index_raw(index) else { return refused(NOT_A_ZIP.to_owned()) };
        if entry.enclosed_name().is_none() {
            return refused(NOT_A_ZIP.to_owned());
        }
        unzipped = unzipped.saturating_add(entry.size());
    }
    if unzipped > MOST_UNZIPPED {
        return refused(format!("Unzipped size must be smaller than {MOST_UNZIPPED} bytes"));
    }
    Ok(())
}

/// A zip file with one text in it. The same text gives the same bytes.
pub fn of_text(name: &str, text: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o644).last_modified_time(zip::DateTime::default());
    writer.start_file(name, options).expect("memory takes every write");
    writer.write_all(text.as_bytes()).expect("memory takes every write");
    writer.finish().expect("memory takes every write").into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_a_zip_file_with_something_in_it_that_stays_inside() {
        let empty = ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
        let cases = [
            (of_text("index.py", "x = 1"), None),
            (b"not a zip".to_vec(), Some(NOT_A_ZIP)),
            (Vec::new(), Some(NOT_A_ZIP)),
            (of_text("index.py", "x = 1")[..30].to_vec(), Some(NOT_A_ZIP)),
            (of_text("../../escaped", "x"), Some(NOT_A_ZIP)),
            (empty, Some("Uploaded file must be a non-empty zip")),
        ];
        for (zip, refused) in cases {
            assert_eq!(check(&zip).err().as_ref().map(model::Error::message), refused);
        }
    }
}
