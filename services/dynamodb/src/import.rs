//! Imports from S3: a new table gets the items that objects hold, as DynamoDB JSON or CSV. ("Amazon S3 import formats for
//! DynamoDB".)
//!
//! One object is one step of a job, which runs as who asked for it. A restart reads the object again; its items are put as
//! they were. Until all are read the table is being created.

use crate::csv;
use crate::expression::update::Update;
use crate::failure::{Invalid, VALIDATION, invalid, invalid_value, unsupported};
use crate::schema::{self, KeySchema, Kind, SCHEMAS, Schema};
use crate::settings;
use crate::sweep;
use crate::table;
use crate::write::{Action, Refusal, Write};
use api::dynamodb::{
    CreateTable, DescribeImport, DescribeImportOutput, ImportSummary, ImportTable, ImportTableDescription,
    ImportTableOutput, InputFormatOptions, ListImports, ListImportsOutput, S3BucketSource, TableCreationParameters,
    error,
};
use api::s3::{GetObject, ListObjectsV2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use items::attribute::{Attribute, Document};
use items::number::Number;
use items::wire;
use kernel::{Cloud, Cx, Job};
use model::typed::Typed;
use model::wire::{read_json, write_json};
use model::{Error, ErrorShape, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::io::Read as _;
use store::{Span, Table};

/// Every import. Key: (table's name, id).
static IMPORTS: Table<Import> = Table::regional("dynamodb.import");
/// Reads the next object of one.
pub static STEP: Job<(String, String)> = Job::new("dynamodb.import");

#[derive(Clone, Serialize, Deserialize)]
struct Import {
    id: String,
    table: String,
    table_id: String,
    number: u64,
    /// The request, as JSON.
    request: String,
    token: Option<String>,
    /// Milliseconds since 1970.
    started_at: i64,
    #[serde(default)]
    ended_at: Option<i64>,
    /// The object that was read last.
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    counts: Counts,
    #[serde(default)]
    failure: Option<(String, String)>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Counts {
    bytes: i64,
    processed: i64,
    imported: i64,
    errors: i64,
}

/// Of an object, uncompressed: it is held in memory while it is read.
const LARGEST_OBJECT: u64 = 512 * 1024 * 1024;
/// Items put in one transaction, so that no other call waits long.
const PAGE: usize = 100;
const MALFORMED: ErrorShape = ErrorShape::sender("ItemValidationError");

pub fn start(cx: &mut Cx, input: ImportTable) -> Result<ImportTableOutput> {
    refuse(&input)?;
    let request = text_of(&input);
    let wanted = input.table_creation_parameters;
    let before: Vec<Import> = cx.range(&IMPORTS, Span::prefix(&wanted.table_name), usize::MAX);
    let of_token = |it: &Import| input.client_token.is_some() && it.token == input.client_token;
    if let Some(import) = before.into_iter().find(of_token) {
        if import.request != request {
            return Err(error::IMPORT_CONFLICT
                .with("There was a conflict when importing from the specified S3 source: the ClientToken belongs to another import."));
        }
        return Ok(ImportTableOutput { import_table_description: import.description(cx) });
    }
    let name = wanted.table_name.clone();
    table::create(cx, of_parameters(wanted))?;
    let mut schema = schema::by_name(cx, &name)?;
    schema.is_restoring = true;
    cx.put(&SCHEMAS, name.as_str(), &schema);
    let now = cx.now().0;
    let import = Import {
        id: format!("{now:014}-{}", cx.random_text(8, b"0123456789abcdef")),
        table_id: settings::of(cx, &schema).id,
        number: schema.number,
        table: name,
        request,
        token: input.client_token,
        started_at: now,
        ended_at: None,
        after: None,
        counts: Counts::default(),
        failure: None,
    };
    store(cx, &import);
    cx.at(cx.now(), &STEP, &(import.table.clone(), import.id.clone()));
    Ok(ImportTableOutput { import_table_description: import.description(cx) })
}

fn refuse(input: &ImportTable) -> Result<()> {
    if input.input_format == "ION" {
        return Err(unsupported("InputFormat ION"));
    }
    if input.input_compression_type.as_deref() == Some("ZSTD") {
        return Err(unsupported("InputCompressionType ZSTD"));
    }
    let has_csv = input.input_format_options.as_ref().is_some_and(|it| it.csv.is_some());
    if has_csv && input.input_format != "CSV" {
        return Err(invalid_value("InputFormatOptions.Csv can only be specified when InputFormat is CSV").into());
    }
    Ok(())
}

fn of_parameters(it: TableCreationParameters) -> CreateTable {
    CreateTable {
        table_name: it.table_name,
        attribute_definitions: Some(it.attribute_definitions),
        key_schema: Some(it.key_schema),
        billing_mode: it.billing_mode,
        provisioned_throughput: it.provisioned_throughput,
        on_demand_throughput: it.on_demand_throughput,
        sse_specification: it.sse_specification,
        global_secondary_indexes: it.global_secondary_indexes,
        vector_indexes: it.vector_indexes,
        ..CreateTable::default()
    }
}

fn text_of(input: &ImportTable) -> String {
    let model = model::service("dynamodb").expect("embedded");
    let (shape, _) = model.shape_named("ImportTableInput").expect("modelled");
    let mut bytes = Vec::new();
    write_json(model, shape, &input.clone().into_value(), &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn store(cx: &mut Cx, import: &Import) {
    cx.put(&IMPORTS, &(&import.table, &import.id), import);
}

pub async fn step(cloud: Cloud, (table, id): (String, String)) -> Result<()> {
    let found = cloud.read(|cx| cx.get(&IMPORTS, &(&table, &id)));
    let Some(import) = found.filter(|it| it.ended_at.is_none()) else { return Ok(()) };
    let (import, is_over) = match read_next(&cloud, import.clone()).await {
        Ok(it) => it,
        Err(error) => {
            let failure = Some((error.code().to_owned(), error.message().to_owned()));
            (Import { failure, ..import }, true)
        }
    };
    cloud.write(move |cx| note(cx, import, is_over)).await
}

fn note(cx: &mut Cx, import: Import, is_over: bool) -> Result<()> {
    let ended_at = is_over.then_some(cx.now().0);
    store(cx, &Import { ended_at, ..import.clone() });
    if !is_over {
        cx.at(cx.now(), &STEP, &(import.table, import.id));
        return Ok(());
    }
    let schema = cx.get(&SCHEMAS, import.table.as_str()).filter(|it| it.number == import.number);
    let Some(mut schema) = schema else { return Ok(()) };
    if import.failure.is_none() {
        schema.is_restoring = false;
        cx.put(&SCHEMAS, import.table.as_str(), &schema);
        return Ok(());
    }
    // What was to become a table does not stay as a part of one.
    cx.delete(&SCHEMAS, import.table.as_str());
    cx.delete(&settings::SETTINGS, &schema.number);
    let numbers = std::iter::once(schema.number).chain(schema.indexes.iter().map(|it| it.number));
    numbers.for_each(|it| sweep::abandon(cx, it));
    Ok(())
}

/// The next object; whether there was none.
async fn read_next(cloud: &Cloud, mut import: Import) -> Result<(Import, bool)> {
    let request = import.request();
    let S3BucketSource { s3_bucket, s3_key_prefix, s3_bucket_owner } = request.s3_bucket_source.clone();
    let listed = ListObjectsV2 {
        bucket: s3_bucket.clone(),
        prefix: s3_key_prefix,
        start_after: import.after.clone(),
        max_keys: Some(1),
        expected_bucket_owner: s3_bucket_owner.clone(),
        ..ListObjectsV2::default()
    };
    let contents = cloud.call(listed).await?.contents.unwrap_or_default();
    let Some(key) = contents.into_iter().next().and_then(|it| it.key) else { return Ok((import, true)) };
    let get = GetObject {
        bucket: s3_bucket,
        key: key.clone(),
        expected_bucket_owner: s3_bucket_owner,
        ..GetObject::default()
    };
    let body = cloud.call(get).await?.body.unwrap_or_default();
    import.counts.bytes += body.len() as i64;
    import.after = Some(key);
    let (table, number) = (import.table.clone(), import.number);
    let Some(schema) = cloud.read(|cx| cx.get(&SCHEMAS, table.as_str())).filter(|it| it.number == number) else {
        return Ok((import, true));
    };
    let text = plain(&body, request.input_compression_type.as_deref())?;
    let items = match request.input_format.as_str() {
        "CSV" => of_csv(&text, request.input_format_options.as_ref(), &schema),
        _ => text.lines().filter(|it| !it.trim().is_empty()).map(of_json).collect(),
    };
    import.counts.processed += items.len() as i64;
    for page in items.chunks(PAGE) {
        let (schema, page) = (schema.clone(), page.to_vec());
        let imported = cloud.write(move |cx| Ok(put_all(cx, &schema, &page))).await?;
        import.counts.imported += imported as i64;
    }
    import.counts.errors = import.counts.processed - import.counts.imported;
    Ok((import, false))
}

/// How many of them are items of this table.
fn put_all(cx: &mut Cx, schema: &Schema, items: &[Result<Document, Invalid>]) -> usize {
    let put = |cx: &mut Cx, item: &Document| -> Result<(), Refusal> {
        let action = Action::Put(item.clone());
        Write::new(&action, Update::default(), None)?.carry_out(cx, schema).map(|_| ())
    };
    items.iter().flatten().filter(|it| put(cx, it).is_ok()).count()
}

fn plain(body: &Bytes, compression: Option<&str>) -> Result<String> {
    let mut bytes = Vec::new();
    if compression == Some("GZIP") {
        let mut decoder = MultiGzDecoder::new(&body[..]).take(LARGEST_OBJECT + 1);
        decoder.read_to_end(&mut bytes).map_err(|why| MALFORMED.with(format!("The object is no GZIP: {why}")))?;
    } else {
        bytes.extend_from_slice(body);
    }
    if bytes.len() as u64 > LARGEST_OBJECT {
        return Err(MALFORMED.with(format!("Niebla imports objects of at most {LARGEST_OBJECT} bytes.")));
    }
    String::from_utf8(bytes).map_err(|_| MALFORMED.with("The object is not UTF-8."))
}

fn of_json(line: &str) -> Result<Document, Invalid> {
    let json: Json = serde_json::from_str(line).map_err(|why| invalid(why.to_string()))?;
    let item = json.get("Item").ok_or_else(|| invalid("A line has no Item"))?;
    let model = model::service("dynamodb").expect("embedded");
    let (shape, _) = model.shape_named("PutItemInputAttributeMap").expect("modelled");
    let value = read_json(model, shape, item.to_string().as_bytes())?;
    Ok(wire::document(value)?)
}

/// Columns that are keys are of their keys' types; all others are texts.
fn of_csv(text: &str, options: Option<&InputFormatOptions>, schema: &Schema) -> Vec<Result<Document, Invalid>> {
    let options = options.and_then(|it| it.csv.clone()).unwrap_or_default();
    let delimiter = options.delimiter.as_deref().and_then(|it| it.chars().next()).unwrap_or(',');
    let mut rows = match csv::rows(text, delimiter) {
        Ok(rows) => rows.into_iter(),
        Err(line) => return vec![Err(invalid(format!("A quote stands alone in line {line}")))],
    };
    let Some(header) = options.header_list.or_else(|| rows.next()) else { return Vec::new() };
    let keys = std::iter::once(&schema.key).chain(schema.indexes.iter().map(|it| &it.key));
    let keys: Vec<_> = keys.flat_map(KeySchema::attributes).collect();
    let item = |row: Vec<String>| {
        if row.len() != header.len() {
            return Err(invalid("A row has not as many fields as the header"));
        }
        let entries = header.iter().zip(row).map(|(name, text)| {
            let kind = keys.iter().find(|it| it.name == *name).map_or(Kind::S, |it| it.kind);
            Ok((name.clone(), field(kind, text)?))
        });
        Ok(Document::from_entries(entries.collect::<Result<_, Invalid>>()?))
    };
    rows.map(item).collect()
}

fn field(kind: Kind, text: String) -> Result<Attribute, Invalid> {
    match kind {
        Kind::S => Ok(Attribute::S(text)),
        Kind::N => Number::parse(&text).map(Attribute::N).map_err(|why| invalid(why.sentence(&text))),
        Kind::B => BASE64.decode(&text).map(|it| Attribute::B(it.into())).map_err(|why| invalid(why.to_string())),
    }
}

pub fn describe(cx: &Cx, input: DescribeImport) -> Result<DescribeImportOutput> {
    let missing = || error::IMPORT_NOT_FOUND.with(format!("Import not found: {}", input.import_arn));
    let key = key_of(&input.import_arn).ok_or_else(|| VALIDATION.with("Invalid ImportArn"))?;
    let import = cx.get(&IMPORTS, &key).ok_or_else(missing)?;
    Ok(DescribeImportOutput { import_table_description: import.description(cx) })
}

pub fn list(cx: &Cx, input: ListImports) -> Result<ListImportsOutput> {
    let limit = input.page_size.unwrap_or(25) as usize;
    let mut span = match &input.table_arn {
        Some(table) => Span::prefix(schema::name_of(table)),
        None => Span::all(),
    };
    if let Some(token) = &input.next_token {
        let arn = opened(token).ok_or_else(invalid_token)?;
        span = span.after(&key_of(&arn).ok_or_else(invalid_token)?);
    }
    let mut found: Vec<Import> = cx.range(&IMPORTS, span, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(ListImportsOutput {
        next_token: found.last().filter(|_| more).map(|it| sealed(&it.arn(cx))),
        import_summary_list: Some(found.iter().map(|it| it.summary(cx)).collect()),
    })
}

fn invalid_token() -> Error {
    VALIDATION.with("Invalid NextToken")
}

/// Tokens are hexadecimal digits, 112 at least and always a multiple of 16.
fn sealed(arn: &str) -> String {
    let length = arn.len().max(56).next_multiple_of(8);
    let padded = arn.bytes().chain(std::iter::repeat(0)).take(length);
    padded.map(|it| format!("{it:02x}")).collect()
}

fn opened(token: &str) -> Option<String> {
    let digits: Vec<u8> = token.chars().map(|it| it.to_digit(16).map(|it| it as u8)).collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|it| it.iter().fold(0, |sum, digit| sum << 4 | digit));
    String::from_utf8(bytes.take_while(|it| *it > 0).collect()).ok()
}

/// `arn:aws:dynamodb:us-east-1:123456789012:table/Music/import/01234567890123-a1b2c3d4`
fn key_of(arn: &str) -> Option<(&str, &str)> {
    arn.splitn(6, ':').nth(5)?.strip_prefix("table/")?.split_once("/import/")
}

impl Import {
    fn arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}/import/{}", self.table, self.id))
    }

    fn table_arn(&self, cx: &Cx) -> String {
        cx.arn("dynamodb", &format!("table/{}", self.table))
    }

    fn request(&self) -> ImportTable {
        let model = model::service("dynamodb").expect("embedded");
        let (shape, _) = model.shape_named("ImportTableInput").expect("modelled");
        ImportTable::from_value(read_json(model, shape, self.request.as_bytes()).expect("written by text_of"))
    }

    fn status(&self) -> &'static str {
        match (self.ended_at, &self.failure) {
            (None, _) => "IN_PROGRESS",
            (Some(_), None) => "COMPLETED",
            (Some(_), Some(_)) => "FAILED",
        }
    }

    fn summary(&self, cx: &Cx) -> ImportSummary {
        let request = self.request();
        ImportSummary {
            import_arn: Some(self.arn(cx)),
            import_status: Some(self.status().to_owned()),
            table_arn: Some(self.table_arn(cx)),
            s3_bucket_source: Some(request.s3_bucket_source),
            input_format: Some(request.input_format),
            start_time: Some(Timestamp(self.started_at)),
            end_time: self.ended_at.map(Timestamp),
            ..ImportSummary::default()
        }
    }

    fn description(&self, cx: &Cx) -> ImportTableDescription {
        let (request, counts) = (self.request(), self.counts);
        ImportTableDescription {
            import_arn: Some(self.arn(cx)),
            import_status: Some(self.status().to_owned()),
            table_arn: Some(self.table_arn(cx)),
            table_id: Some(self.table_id.clone()),
            client_token: self.token.clone(),
            s3_bucket_source: Some(request.s3_bucket_source),
            error_count: Some(counts.errors),
            input_format: Some(request.input_format),
            input_format_options: request.input_format_options,
            input_compression_type: Some(request.input_compression_type.unwrap_or_else(|| "NONE".to_owned())),
            table_creation_parameters: Some(request.table_creation_parameters),
            start_time: Some(Timestamp(self.started_at)),
            end_time: self.ended_at.map(Timestamp),
            processed_size_bytes: Some(counts.bytes),
            processed_item_count: Some(counts.processed),
            imported_item_count: Some(counts.imported),
            failure_code: self.failure.as_ref().map(|it| it.0.clone()),
            failure_message: self.failure.as_ref().map(|it| it.1.clone()),
            ..ImportTableDescription::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_of_the_form_that_the_model_asks_for() {
        for arn in ["a", "arn:aws:dynamodb:us-east-1:000000000000:table/tbl/import/01757160000000-0123abcd"] {
            let token = sealed(arn);
            assert!(token.len() >= 112 && token.len() % 16 == 0);
            assert_eq!(opened(&token).as_deref(), Some(arn));
        }
    }
}
