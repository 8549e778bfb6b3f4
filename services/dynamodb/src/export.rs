//! Exports of tables to S3: a table as it was, in files of DynamoDB JSON, compressed, and manifests that name them.
//! ("DynamoDB table export output format".)
//!
//! One file is one step of a job, which runs as who asked for it: a restart goes on with the file that was being written,
//! under the same name.

use crate::failure::{VALIDATION, unsupported};
use crate::history::{self, Moment};
use crate::key::ItemKey;
use crate::recovery;
use crate::restore;
use crate::schema::{self, SCHEMAS, take_number};
use crate::settings;
use api::dynamodb::{
    DescribeExport, DescribeExportOutput, ExportDescription, ExportSummary, ExportTableToPointInTime,
    ExportTableToPointInTimeOutput, ListExports, ListExportsOutput, error,
};
use api::s3::PutObject;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use items::attribute::Document;
use items::wire;
use kernel::{Cloud, Cx, Job};
use model::wire::write_json;
use model::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Write as _;
use store::{Span, Table};

/// Every export. Key: (table's name, id).
static EXPORTS: Table<Export> = Table::regional("dynamodb.export");
/// Writes the next file of one.
pub static STEP: Job<(String, String)> = Job::new("dynamodb.export");

#[derive(Clone, Serialize, Deserialize)]
struct Export {
    id: String,
    table: String,
    table_id: String,
    /// What the keys of the table's items begin with, and when they are told.
    from: u64,
    past: Moment,
    /// Who reads them.
    reader: u64,
    wanted: Wanted,
    /// Milliseconds since 1970.
    at: i64,
    started_at: i64,
    #[serde(default)]
    ended_at: Option<i64>,
    #[serde(default)]
    after: Option<(u128, Vec<u8>)>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    failure: Option<(String, String)>,
}

/// What the request says, by which it is known again under its token.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Wanted {
    token: Option<String>,
    at: Option<i64>,
    bucket: String,
    owner: Option<String>,
    prefix: Option<String>,
    encryption: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct File {
    key: String,
    etag: String,
    items: u64,
    bytes: u64,
}

/// What one file holds, before it is compressed.
const FILE_BYTES: usize = 32 * 1024 * 1024;

pub fn start(cx: &mut Cx, input: ExportTableToPointInTime) -> Result<ExportTableToPointInTimeOutput> {
    refuse(&input)?;
    let schema = recovery::table(cx, &input.table_arn)?;
    let settings = settings::of(cx, &schema);
    let Some(recovery) = &settings.recovery else { return Err(restore::unavailable(&schema)) };
    let now = cx.now().0;
    let wanted = Wanted {
        token: input.client_token,
        at: input.export_time.map(|it| it.0),
        bucket: input.s3_bucket,
        owner: input.s3_bucket_owner,
        prefix: input.s3_prefix.filter(|it| !it.is_empty()),
        encryption: input.s3_sse_algorithm,
    };
    let of_token = |it: &Export| wanted.token.is_some() && it.wanted.token == wanted.token;
    let before: Vec<Export> = cx.range(&EXPORTS, Span::prefix(&schema.name), usize::MAX);
    if let Some(export) = before.into_iter().find(of_token) {
        if export.wanted != wanted {
            return Err(error::EXPORT_CONFLICT
                .with("There was a conflict when writing to the specified S3 bucket: the ClientToken belongs to another export."));
        }
        return Ok(ExportTableToPointInTimeOutput { export_description: Some(export.description(cx)) });
    }
    let at = wanted.at.unwrap_or(now);
    let earliest = history::earliest(now, recovery.since, recovery.days);
    if at < earliest / 1_000 * 1_000 || at > now {
        return Err(error::INVALID_EXPORT_TIME
            .with("ExportTime must be between EarliestRestorableDateTime and LatestRestorableDateTime."));
    }
    let export = Export {
        id: format!("{now:014}-{}", cx.random_text(8, b"0123456789abcdef")),
        table_id: settings.id,
        from: schema.number,
        past: history::at(cx, &schema, at.max(earliest)).expect("a table that can be recovered has a history"),
        reader: take_number(cx),
        table: schema.name,
        wanted,
        at,
        started_at: now,
        ended_at: None,
        after: None,
        files: Vec::new(),
        failure: None,
    };
    history::read_by(cx, export.from, export.reader);
    store(cx, &export);
    cx.at(cx.now(), &STEP, &(export.table.clone(), export.id.clone()));
    Ok(ExportTableToPointInTimeOutput { export_description: Some(export.description(cx)) })
}

fn refuse(input: &ExportTableToPointInTime) -> Result<()> {
    if input.export_format.as_deref() == Some("ION") {
        return Err(unsupported("ExportFormat ION"));
    }
    if input.export_type.as_deref() == Some("INCREMENTAL_EXPORT") || input.incremental_export_specification.is_some() {
        return Err(unsupported("ExportType INCREMENTAL_EXPORT"));
    }
    if input.s3_sse_algorithm.as_deref() == Some("KMS") || input.s3_sse_kms_key_id.is_some() {
        return Err(unsupported("S3SseAlgorithm KMS"));
    }
    if input.filter_specification.is_some() {
        return Err(unsupported("FilterSpecification"));
    }
    Ok(())
}

fn store(cx: &mut Cx, export: &Export) {
    cx.put(&EXPORTS, &(&export.table, &export.id), export);
}

pub async fn step(cloud: Cloud, (table, id): (String, String)) -> Result<()> {
    let found = cloud.read(|cx| cx.get(&EXPORTS, &(&table, &id)));
    let Some(export) = found.filter(|it| it.ended_at.is_none()) else { return Ok(()) };
    let export = match write_file(&cloud, export.clone()).await {
        Ok(export) => export,
        Err(error) => Export { failure: Some((error.code().to_owned(), error.message().to_owned())), ..export },
    };
    cloud
        .write(move |cx| {
            let is_over = export.failure.is_some() || export.after.is_none();
            let ended_at = is_over.then_some(cx.now().0);
            store(cx, &Export { ended_at, ..export.clone() });
            if !is_over {
                cx.at(cx.now(), &STEP, &(export.table, export.id));
                return Ok(());
            }
            history::no_longer_read_by(cx, export.from, export.reader);
            let schema = cx.get(&SCHEMAS, export.table.as_str()).filter(|it| it.number == export.from);
            if let Some(mut schema) = schema {
                history::settle(cx, &mut schema);
            }
            Ok(())
        })
        .await
}

/// The next file; behind the last the manifests.
async fn write_file(cloud: &Cloud, mut export: Export) -> Result<Export> {
    if export.files.is_empty() {
        put(cloud, &export, "_started", Vec::new()).await?;
    }
    let (mut lines, mut items) = (Vec::new(), 0);
    let mut after = export.after.take().map(|(hash, sort)| ItemKey { hash, sort });
    loop {
        let page = cloud.read(|cx| history::page(cx, export.from, Some(export.past), after.as_ref()));
        items += page.items.len() as u64;
        page.items.into_iter().for_each(|(_, item)| put_line(item, &mut lines));
        after = page.last;
        if after.is_none() || lines.len() >= FILE_BYTES {
            break;
        }
    }
    let name = format!("data/{:08}-{}.json.gz", export.files.len(), &export.id[15..]);
    let etag = put(cloud, &export, &name, compressed(&lines)).await?;
    let file = File { key: export.key(&name), etag, items, bytes: lines.len() as u64 };
    export.files.push(file);
    export.after = after.map(|it| (it.hash, it.sort));
    if export.after.is_none() {
        write_manifests(cloud, &export).await?;
    }
    Ok(export)
}

/// `{"Item":{"pk":{"S":"a"}}}`
fn put_line(item: Document, lines: &mut Vec<u8>) {
    let model = model::service("dynamodb").expect("embedded");
    let (shape, _) = model.shape_named("PutItemInputAttributeMap").expect("modelled");
    lines.extend_from_slice(b"{\"Item\":");
    write_json(model, shape, &wire::into_value(item), lines);
    lines.extend_from_slice(b"}\n");
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all that it is given")
}

async fn write_manifests(cloud: &Cloud, export: &Export) -> Result<()> {
    let mut lines = String::new();
    for it in &export.files {
        let line = json!({
            "itemCount": it.items,
            "md5Checksum": md5_of(&it.etag),
            "etag": it.etag,
            "dataFileS3Key": it.key,
        });
        lines.push_str(&format!("{line}\n"));
    }
    let (arn, table_arn) = cloud.read(|cx| (export.arn(cx), export.table_arn(cx)));
    let summary = json!({
        "version": "2020-06-30",
        "exportArn": arn,
        "startTime": time(export.started_at),
        "endTime": time(cloud.now().0),
        "tableArn": table_arn,
        "tableId": export.table_id,
        "exportTime": time(export.at),
        "s3Bucket": export.wanted.bucket,
        "s3Prefix": export.wanted.prefix,
        "s3SseAlgorithm": export.wanted.encryption.as_deref().unwrap_or("AES256"),
        "s3SseKmsKeyId": null,
        "manifestFilesS3Key": export.key("manifest-files.json"),
        "billedSizeBytes": export.bytes(),
        "itemCount": export.items(),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    });
    for (name, text) in [("manifest-files", lines), ("manifest-summary", summary.to_string())] {
        let etag = put(cloud, export, &format!("{name}.json"), text.into_bytes()).await?;
        put(cloud, export, &format!("{name}.checksum"), md5_of(&etag).into_bytes()).await?;
    }
    Ok(())
}

fn time(ms: i64) -> String {
    let seconds = Timestamp(ms / 1_000 * 1_000).iso_8601();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), ms.rem_euclid(1_000))
}

/// An ETag of S3 is the MD5 of the object, in hexadecimal digits.
fn md5_of(etag: &str) -> String {
    let digit = |it: u8| (it as char).to_digit(16).unwrap_or_default() as u8;
    let (pairs, _) = etag.as_bytes().as_chunks::<2>();
    BASE64.encode(pairs.iter().map(|it| digit(it[0]) << 4 | digit(it[1])).collect::<Vec<u8>>())
}

/// Its ETag, without the quotes.
async fn put(cloud: &Cloud, export: &Export, name: &str, body: Vec<u8>) -> Result<String> {
    let input = PutObject {
        bucket: export.wanted.bucket.clone(),
        key: export.key(name),
        content_length: Some(body.len() as i64),
        body: Some(body.into()),
        expected_bucket_owner: export.wanted.owner.clone(),
        server_side_encryption: export.wanted.encryption.clone(),
        ..PutObject::default()
    };
    let done = cloud.call(input).await?;
    Ok(done.e_tag.unwrap_or_default().trim_matches('"').to_owned())
}

pub fn describe(cx: &Cx, input: DescribeExport) -> Result<DescribeExportOutput> {
    let missing = || error::EXPORT_NOT_FOUND.with(format!("Export not found: {}", input.export_arn));
    let key = key_of(&input.export_arn).ok_or_else(invalid_arn)?;
    let export = cx.get(&EXPORTS, &key).ok_or_else(missing)?;
    Ok(DescribeExportOutput { export_description: Some(export.description(cx)) })
}

pub fn list(cx: &Cx, input: ListExports) -> Result<ListExportsOutput> {
    let limit = input.max_results.unwrap_or(25) as usize;
    let mut span = match &input.table_arn {
        Some(table) => Span::prefix(schema::name_of(table)),
        None => Span::all(),
    };
    if let Some(token) = &input.next_token {
        span = span.after(&key_of(token).ok_or_else(|| VALIDATION.with("Invalid NextToken"))?);
    }
    let mut found: Vec<Export> = cx.range(&EXPORTS, span, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let summary = |it: &Export| ExportSummary {
        export_arn: Some(it.arn(cx)),
        export_status: Some(it.status().to_owned()),
        export_type: Some("FULL_EXPORT".to_owned()),
    };
    Ok(ListExportsOutput {
        next_token: found.last().filter(|_| more).map(|it| it.arn(cx)),
        export_summaries: Some(found.iter().map(summary).collect()),
    })
}

fn invalid_arn() -> Error {
    VALIDATION.with("Invalid ExportArn")
}

/// `arn:aws:dynamodb:us-east-1:123456789012:table/Music/export/01234567890123-a1b2c3d4`
fn key_of(arn: &str) -> Option<(&str, &str)> {
    arn.splitn(6, ':').nth(5)?.strip_prefix("table/")?.split_once("/export/")
}

impl Export {
    fn arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}/export/{}", self.table, self.id))
    }

    fn table_arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}", self.table))
    }

    fn key(&self, name: &str) -> String {
        let prefix = self.wanted.prefix.as_ref().map(|it| format!("{}/", it.trim_end_matches('/'))).unwrap_or_default();
        format!("{prefix}AWSDynamoDB/{}/{name}", self.id)
    }

    fn items(&self) -> u64 {
        self.files.iter().map(|it| it.items).sum()
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|it| it.bytes).sum()
    }

    fn status(&self) -> &'static str {
        match (self.ended_at, &self.failure) {
            (None, _) => "IN_PROGRESS",
            (Some(_), None) => "COMPLETED",
            (Some(_), Some(_)) => "FAILED",
        }
    }

    fn description(&self, cx: &Cx) -> ExportDescription {
        let is_complete = self.status() == "COMPLETED";
        ExportDescription {
            export_arn: Some(self.arn(cx)),
            export_status: Some(self.status().to_owned()),
            start_time: Some(Timestamp(self.started_at)),
            end_time: self.ended_at.map(Timestamp),
            export_manifest: is_complete.then(|| self.key("manifest-summary.json")),
            table_arn: Some(self.table_arn(cx)),
            table_id: Some(self.table_id.clone()),
            export_time: Some(Timestamp(self.at)),
            client_token: self.wanted.token.clone(),
            s3_bucket: Some(self.wanted.bucket.clone()),
            s3_bucket_owner: self.wanted.owner.clone(),
            s3_prefix: self.wanted.prefix.clone(),
            s3_sse_algorithm: Some(self.wanted.encryption.clone().unwrap_or_else(|| "AES256".to_owned())),
            failure_code: self.failure.as_ref().map(|it| it.0.clone()),
            failure_message: self.failure.as_ref().map(|it| it.1.clone()),
            export_format: Some("DYNAMODB_JSON".to_owned()),
            billed_size_bytes: is_complete.then(|| self.bytes() as i64),
            item_count: is_complete.then(|| self.items() as i64),
            export_type: Some("FULL_EXPORT".to_owned()),
            ..ExportDescription::default()
        }
    }
}
