//! Deployment packages: zip files, checked before they are kept; inline code packed into one.

use crate::function::Code;
use api::lambda::error;
use bytes::Bytes;
use kernel::{Cloud, Cx, INTERNAL_FAILURE};
use model::{Error, Result};
use sha2::{Digest, Sha256};
use std::io::{Cursor, Write};
use store::{NewBlob, Table};
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Lambda quotas in the developer guide: a package uploaded directly, and all its files unzipped.
pub const MOST_ZIPPED: usize = 50 * 1024 * 1024;
pub const MOST_UNZIPPED: u64 = 250 * 1024 * 1024;
/// As many as the driver unpacks: ten times those of a large Node.js package.
const MOST_ENTRIES: usize = 200_000;

/// Bytes that all packages of an account in a region may take, those of published versions counted again (Lambda quotas).
pub const MOST_CODE: i64 = 80_530_636_800;

/// Bytes that the packages of all versions of all functions take. Key: ().
static TAKEN: Table<i64> = Table::regional("lambda.code-size");

const NOT_A_ZIP: &str = "Could not unzip uploaded file. Please check your file, then try to upload again.";

/// A package on its way to the row that will name it.
pub enum Package {
    /// Checked, hashed and on disk, beside the store.
    Uploaded { blob: NewBlob, sha256: [u8; 32] },
    /// As it came, within a transaction.
    Inline(Bytes),
}

/// Does what is heavy about a package where it keeps nobody waiting.
///
/// # Errors
/// It is none.
pub async fn upload(cloud: &Cloud, zip: Bytes) -> Result<Package> {
    let blobs = cloud.kernel().store.blobs().clone();
    let work = tokio::task::spawn_blocking(move || {
        check(&zip)?;
        let written = blobs.create().and_then(|mut blob| {
            blob.write(&zip)?;
            blob.finish()
        });
        let sha256 = Sha256::digest(&zip).into();
        written.map(|blob| Package::Uploaded { blob, sha256 }).map_err(|why| {
            tracing::error!("a package cannot be written: {why}");
            error::SERVICE.with(format!("Niebla cannot store this: {why}."))
        })
    });
    work.await.map_err(|why| INTERNAL_FAILURE.with(why.to_string()))?
}

impl Package {
    /// Keeps it for the row that is about to name it.
    pub fn keep(&self, cx: &mut Cx) -> Result<Code> {
        take_room(cx, self.size())?;
        match self {
            Package::Uploaded { blob, sha256 } => {
                cx.retain_blob(blob.id())?;
                Ok(Code { blob: blob.id(), size: blob.length() as i64, sha256: *sha256 })
            }
            Package::Inline(zip) => {
                Ok(Code { blob: cx.put_blob(zip)?, size: zip.len() as i64, sha256: Sha256::digest(zip).into() })
            }
        }
    }

    fn size(&self) -> i64 {
        match self {
            Package::Uploaded { blob, .. } => blob.length() as i64,
            Package::Inline(zip) => zip.len() as i64,
        }
    }

    /// What it would be called if it were kept: for a dry run.
    pub fn sha256(&self) -> [u8; 32] {
        match self {
            Package::Uploaded { sha256, .. } => *sha256,
            Package::Inline(zip) => Sha256::digest(zip).into(),
        }
    }
}

/// One more row is about to name it: that of a published version.
pub fn keep_again(cx: &mut Cx, code: Code) -> Result<()> {
    take_room(cx, code.size)?;
    cx.retain_blob(code.blob)
}

/// A row that named it is gone.
pub fn release(cx: &mut Cx, code: Code) {
    let left = taken(cx) - code.size;
    cx.put(&TAKEN, &(), &left);
    cx.release_blob(code.blob);
}

pub fn taken(cx: &Cx) -> i64 {
    cx.get(&TAKEN, &()).unwrap_or(0)
}

fn take_room(cx: &mut Cx, size: i64) -> Result<()> {
    let taken = taken(cx) + size;
    if taken > MOST_CODE {
        return Err(error::CODE_STORAGE_EXCEEDED.with("Code storage limit exceeded.").field("Type", "User".to_owned()));
    }
    cx.put(&TAKEN, &(), &taken);
    Ok(())
}

/// What comes within a request may be so large; an object in S3 only has to fit when it is unzipped.
pub fn check_upload(zip: &[u8]) -> Result<()> {
    if zip.len() > MOST_ZIPPED {
        return Err(error::REQUEST_TOO_LARGE.with(format!("Zipped size must be smaller than {MOST_ZIPPED} bytes")));
    }
    Ok(())
}

/// Refuses what could not be run later. Reads the directory of the file, not its contents.
pub fn check(zip: &[u8]) -> Result<()> {
    let refused = |why: String| Err(error::INVALID_PARAMETER_VALUE.with(why));
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
        return Err(too_large());
    }
    Ok(())
}

pub fn too_large() -> Error {
    error::INVALID_PARAMETER_VALUE.with(format!("Unzipped size must be smaller than {MOST_UNZIPPED} bytes"))
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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use kernel::{Caller, Cloud, Principal};
    use std::sync::Arc;

    #[tokio::test]
    async fn an_account_has_room_for_so_many_bytes_of_packages() {
        let world = sim::World::new(1, || (vec![crate::service()], sim::drivers::echoing()));
        let caller = Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned());
        let cloud: Cloud = world.kernel.cloud(Arc::new(caller));
        let package = |length: usize| Package::Inline(vec![0; length].into());
        let kept = cloud
            .write(move |cx| {
                let code = package(1_000).keep(cx)?;
                take_room(cx, MOST_CODE - 1_000)?;
                assert!(package(1).keep(cx).is_err() && keep_again(cx, code).is_err());
                release(cx, code);
                package(1_000).keep(cx)
            })
            .await;
        assert_eq!(kept.unwrap().size, 1_000);
        assert_eq!(cloud.read(taken), MOST_CODE);
    }

    #[tokio::test]
    async fn what_finds_no_room_is_refused() {
        let services = || vec![crate::service(), iam::service(), sts::service()];
        let mut world = sim::World::new(1, move || (services(), sim::drivers::echoing()));
        let zip = |text: &str| BASE64.encode(of_text("index.py", text));
        let script = r#"
            iam create-role RoleName=worker AssumeRolePolicyDocument="{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}" => ok
            lambda create-function FunctionName=f Runtime=python3.13 Handler=index.echo Role=arn:aws:iam::000000000000:role/worker Code={"ZipFile":"ONE"} => ok"#;
        sim::check_in(&mut world, &script.replace("ONE", &zip("x = 1"))).await;
        let caller = Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned());
        let fill = |cx: &mut Cx| take_room(cx, MOST_CODE - taken(cx));
        world.kernel.cloud(Arc::new(caller)).write(fill).await.unwrap();
        let script = r#"
            lambda create-function FunctionName=g Runtime=python3.13 Handler=index.echo Role=arn:aws:iam::000000000000:role/worker Code={"ZipFile":"ONE"} => error CodeStorageExceededException
            lambda publish-version FunctionName=f => error CodeStorageExceededException
            lambda update-function-code FunctionName=f ZipFile=TWO => error CodeStorageExceededException
            lambda delete-function FunctionName=f => ok
            lambda create-function FunctionName=g Runtime=python3.13 Handler=index.echo Role=arn:aws:iam::000000000000:role/worker Code={"ZipFile":"ONE"} => ok"#;
        sim::check_in(&mut world, &script.replace("ONE", &zip("x = 1")).replace("TWO", &zip("x = 'longer'"))).await;
    }

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
