//! What a bucket is told beside its objects: each kind a structure of the model, kept as it was given.

use crate::bucket::Bucket;
use crate::fault;
use kernel::Cx;
use model::typed::Typed;
use model::wire::{read_json, write_json};
use model::{ErrorShape, Result, ShapeId};
use std::marker::PhantomData;
use store::{Span, Table};

/// Every configuration, as JSON of its shape. Key: (bucket number, kind).
static CONFIGURATIONS: Table<String> = Table::partition("s3.configuration");

/// One kind of configuration, a bucket has at most one of each.
pub struct Kind<T> {
    /// Its shape in the model, which also names its row.
    shape: &'static str,
    missing: (ErrorShape, &'static str),
    value: PhantomData<fn() -> T>,
}

/// More than any bucket has.
const MOST_KINDS: usize = 64;

impl<T: Typed> Kind<T> {
    /// `missing` is how S3 says that a bucket has none.
    pub const fn new(shape: &'static str, code: &'static str, sentence: &'static str) -> Self {
        Self { shape, missing: (ErrorShape::sender(code).status(404), sentence), value: PhantomData }
    }

    pub fn of(&self, cx: &Cx, bucket: &Bucket) -> Option<T> {
        let json = cx.get(&CONFIGURATIONS, &(bucket.number, self.shape))?;
        let value = read_json(model(), self.id(), json.as_bytes()).expect("it was written by the same shape");
        Some(T::from_value(value))
    }

    /// # Errors
    /// The bucket has none.
    pub fn get(&self, cx: &Cx, bucket: &Bucket) -> Result<T> {
        let (shape, sentence) = self.missing;
        self.of(cx, bucket).ok_or_else(|| shape.with(sentence).field("BucketName", bucket.name.as_str()))
    }

    pub fn put(&self, cx: &mut Cx, bucket: &Bucket, value: T) {
        let mut json = Vec::new();
        write_json(model(), self.id(), &value.into_value(), &mut json);
        let json = String::from_utf8(json).expect("JSON is text");
        cx.put(&CONFIGURATIONS, &(bucket.number, self.shape), &json);
    }

    pub fn delete(&self, cx: &mut Cx, bucket: &Bucket) {
        cx.delete(&CONFIGURATIONS, &(bucket.number, self.shape));
    }

    fn id(&self) -> ShapeId {
        model().shape_named(self.shape).expect("the model has it").0
    }
}

/// The bucket goes.
pub fn delete_all(cx: &mut Cx, bucket: &Bucket) {
    for key in cx.keys::<(u64, String), _>(&CONFIGURATIONS, Span::prefix(&bucket.number), MOST_KINDS) {
        cx.delete(&CONFIGURATIONS, &(key.0, key.1.as_str()));
    }
}

fn model() -> &'static model::Service {
    model::service("s3").expect("the catalog has S3")
}

/// A member that must be one of some values, as the published schema says.
pub fn one_of(value: &str, allowed: &[&str]) -> Result<()> {
    if allowed.contains(&value) { Ok(()) } else { Err(fault::malformed_xml()) }
}
