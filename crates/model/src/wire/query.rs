//! awsQuery and ec2Query: a form in, XML out.
//!
//! Lists are `Name.member.1`, or `Name.1` where they are flattened and everywhere on EC2; maps are
//! `Name.entry.1.key`; structures are joined by dots.

use std::borrow::Cow;

use bytes::Bytes;

use super::xml::{Reader, Writer, scalar, scalar_text};
use super::{Decoded, HttpRequest, HttpResponse, MAX_DEPTH, Names, Problem, content_type, form};
use crate::shape::{Kind, Member, Operation, Protocol, Service, ShapeId, Structure, TimestampFormat, Wire};
use crate::value::Value;

/// `Action` of the form in the body, or of the URL's query.
pub(super) fn action(request: &HttpRequest) -> Option<String> {
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    let mut pairs = form::pairs(body).chain(form::pairs(&request.query));
    pairs.find(|(key, _)| key == "Action").map(|(_, value)| value.into_owned())
}

pub(super) fn decode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    request: &HttpRequest,
) -> Decoded<Value> {
    let Some(structure) = operation.input.and_then(|input| service.structure(input)) else {
        return Ok(Value::Structure(Vec::new()));
    };
    let body = std::str::from_utf8(&request.body).map_err(|_| Problem::new("The form is not UTF-8"))?;
    let mut pairs: Vec<Pair> = form::pairs(&request.query).chain(form::pairs(body)).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let form = Form { service, ec2: protocol == Protocol::Ec2Query, pairs };
    let members = form.members(&mut String::new(), structure, 0)?;
    Ok(Value::Structure(members))
}

pub(super) fn encode_request(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    input: &Value,
) -> HttpRequest {
    let mut request = HttpRequest { method: "POST".into(), path: "/".into(), ..HttpRequest::default() };
    content_type(&mut request.headers, "application/x-www-form-urlencoded");
    let mut out = String::new();
    form::push(&mut out, "Action", operation.name);
    form::push(&mut out, "Version", service.metadata.api_version);
    let mut writer = FormWriter { service, ec2: protocol == Protocol::Ec2Query, out };
    if let (Some(structure), Value::Structure(members)) = (operation.input.and_then(|it| service.structure(it)), input)
    {
        writer.members("", structure, members);
    }
    request.body = Bytes::from(writer.out);
    request
}

pub(super) fn encode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    output: &Value,
    request_id: &str,
) -> HttpResponse {
    let mut response = HttpResponse { status: operation.status, ..HttpResponse::default() };
    let xml = if protocol == Protocol::Ec2Query {
        content_type(&mut response.headers, "text/xml;charset=UTF-8");
        ec2_answer(service, operation, output, request_id)
    } else {
        content_type(&mut response.headers, "text/xml");
        query_answer(service, operation, output, request_id)
    };
    response.body = Bytes::from(xml);
    response
}

pub(super) fn decode_response(
    service: &Service,
    operation: &Operation,
    protocol: Protocol,
    response: &HttpResponse,
) -> Decoded<Value> {
    let Some((output, structure)) = operation.output.and_then(|id| service.structure(id).map(|it| (id, it))) else {
        return Ok(Value::Structure(Vec::new()));
    };
    let names = if protocol == Protocol::Ec2Query { Names::Stated } else { Names::Query };
    let mut reader = Reader::new(service, names, &response.body)?;
    let Some(root) = reader.child()? else { return Ok(Value::Structure(Vec::new())) };
    if protocol == Protocol::Ec2Query {
        return reader.structure(&root, structure);
    }
    let wrapper = result_wrapper(operation);
    while let Some(start) = reader.child()? {
        if start.local_name().as_ref() == wrapper {
            return reader.value(&start, output);
        }
        reader.skip(&start)?;
    }
    Ok(Value::Structure(Vec::new()))
}

fn result_wrapper(operation: &Operation) -> Cow<'static, str> {
    operation.result_wrapper.map_or_else(|| format!("{}Result", operation.name).into(), Cow::Borrowed)
}

fn query_answer(service: &Service, operation: &Operation, output: &Value, request_id: &str) -> Vec<u8> {
    let mut writer = Writer::new(service, Names::Query, false);
    let root = format!("{}Response", operation.name);
    writer.open(&root, service.metadata.xml_namespace);
    if let Some(shape) = operation.output {
        // Old models put the payload's own wrapper on the output's shape: `CreateCacheClusterResult`.
        writer.element(&result_wrapper(operation), &Wire::default(), shape, output);
    }
    writer.open("ResponseMetadata", None);
    writer.text_element("RequestId", request_id);
    writer.close("ResponseMetadata");
    writer.close(&root);
    writer.out
}

fn ec2_answer(service: &Service, operation: &Operation, output: &Value, request_id: &str) -> Vec<u8> {
    let mut writer = Writer::new(service, Names::Stated, true);
    let root = format!("{}Response", operation.name);
    let namespace = service.metadata.xml_namespace.map(|uri| format!("{}/", uri.trim_end_matches('/')));
    writer.declaration();
    writer.open(&root, namespace.as_deref());
    writer.text_element("requestId", request_id);
    match (operation.output.and_then(|id| service.structure(id)), output) {
        (Some(structure), Value::Structure(members)) => writer.members(structure, members, |_| true),
        _ => writer.text_element("return", "true"),
    }
    writer.close(&root);
    writer.out
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A form, sorted by its keys.
struct Form<'a> {
    service: &'a Service,
    ec2: bool,
    pairs: Vec<Pair<'a>>,
}

impl Form<'_> {
    fn members(&self, prefix: &mut String, structure: &Structure, depth: usize) -> Decoded<Vec<(&'static str, Value)>> {
        if depth > MAX_DEPTH {
            return Err(Problem::new("The parameters are nested too deep"));
        }
        let mut members = Vec::new();
        let length = prefix.len();
        for member in &structure.members {
            for name in self.names(member) {
                if length > 0 {
                    prefix.push('.');
                }
                prefix.push_str(&name);
                let value = self.value(prefix, member, depth)?;
                prefix.truncate(length);
                if let Some(value) = value {
                    members.push((member.name, value));
                    break;
                }
            }
        }
        Ok(members)
    }

    /// Flattened lists are sent under their own name or under that of their items.
    fn names(&self, member: &Member) -> Vec<Cow<'static, str>> {
        let own = name_of(self.ec2, member);
        match &self.service.shape(member.shape).kind {
            Kind::List { member: item } if !self.ec2 && member.wire.flattened => {
                let of_item = Names::Query.of(&item.wire).map(Cow::Borrowed);
                of_item.into_iter().chain([own]).collect()
            }
            _ => vec![own],
        }
    }

    fn value(&self, key: &mut String, member: &Member, depth: usize) -> Decoded<Option<Value>> {
        let shape = self.service.shape(member.shape);
        match &shape.kind {
            Kind::Structure(structure) => {
                if !self.has_below(key) {
                    return Ok(None);
                }
                self.members(key, structure, depth + 1).map(|members| Some(Value::Structure(members)))
            }
            Kind::List { member: item } => self.list(key, member, item, depth),
            Kind::Map { key: of_key, value } => self.map(key, member, of_key, value, depth),
            kind => self.exact(key).map(|text| scalar(kind, text)).transpose(),
        }
    }

    fn list(&self, key: &mut String, member: &Member, item: &Member, depth: usize) -> Decoded<Option<Value>> {
        let flat = self.ec2 || member.wire.flattened;
        let length = key.len();
        if !flat {
            key.push('.');
            key.push_str(Names::Query.of(&item.wire).unwrap_or("member"));
            if !self.has_below(key) {
                key.truncate(length);
            }
        }
        let mut items = Vec::new();
        for (index, base) in self.indices(key).into_iter().zip(std::iter::repeat(key.len())) {
            key.push('.');
            key.push_str(index);
            let value = self.value(key, item, depth + 1)?;
            key.truncate(base);
            items.extend(value);
        }
        key.truncate(length);
        let stated_empty = self.exact(key).is_some_and(str::is_empty);
        Ok((!items.is_empty() || stated_empty).then_some(Value::List(items)))
    }

    fn map(
        &self,
        key: &mut String,
        member: &Member,
        of_key: &Member,
        of_value: &Member,
        depth: usize,
    ) -> Decoded<Option<Value>> {
        let length = key.len();
        if !member.wire.flattened {
            key.push_str(".entry");
        }
        let base = key.len();
        let mut entries = Vec::new();
        for index in self.indices(key) {
            key.push('.');
            key.push_str(index);
            let entry = key.len();
            key.push('.');
            key.push_str(Names::Query.of(&of_key.wire).unwrap_or("key"));
            let name = self.exact(key).map(str::to_owned);
            key.truncate(entry + 1);
            key.push_str(Names::Query.of(&of_value.wire).unwrap_or("value"));
            let value = self.value(key, of_value, depth + 1)?;
            key.truncate(base);
            entries.extend(name.zip(value));
        }
        key.truncate(length);
        Ok((!entries.is_empty()).then(|| Value::Map(super::unique_keys(entries))))
    }

    fn exact(&self, key: &str) -> Option<&str> {
        let index = self.pairs.binary_search_by(|(it, _)| (**it).cmp(key)).ok()?;
        Some(&self.pairs[index].1)
    }

    /// The pairs whose key begins with `key` and a dot.
    fn below(&self, key: &str) -> &[Pair<'_>] {
        let before = |it: &str, end: u8| it.bytes().lt(key.bytes().chain([end]));
        let start = self.pairs.partition_point(|(it, _)| before(it, b'.'));
        let end = self.pairs.partition_point(|(it, _)| before(it, b'.' + 1));
        &self.pairs[start..end]
    }

    fn has_below(&self, key: &str) -> bool {
        !self.below(key).is_empty()
    }

    /// The numbers that follow `key`, each once, in numeric order; as they are spelled.
    fn indices(&self, key: &str) -> Vec<&str> {
        let mut found: Vec<(u64, &str)> = Vec::new();
        for (it, _) in self.below(key) {
            let text = it[key.len() + 1..].split('.').next().unwrap_or_default();
            if let Ok(number) = text.parse()
                && found.last().is_none_or(|(last, _)| *last != number)
            {
                found.push((number, text));
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, text)| text).collect()
    }
}

/// EC2: its own name, else the stated one or the member's with a capital.
fn name_of(ec2: bool, member: &Member) -> Cow<'static, str> {
    if !ec2 {
        return Names::Query.of(&member.wire).unwrap_or(member.name).into();
    }
    if let Some(name) = member.wire.query_name {
        return name.into();
    }
    let name = member.wire.name.unwrap_or(member.name);
    match name.chars().next() {
        Some(first) if first.is_lowercase() => format!("{}{}", first.to_uppercase(), &name[first.len_utf8()..]).into(),
        _ => name.into(),
    }
}

struct FormWriter<'a> {
    service: &'a Service,
    ec2: bool,
    out: String,
}

impl FormWriter<'_> {
    fn members(&mut self, prefix: &str, structure: &Structure, members: &[(&'static str, Value)]) {
        let mut next = 0;
        for (name, value) in members {
            let Some(member) = structure.find(name, &mut next).filter(|_| *value != Value::Null) else { continue };
            let key = join(prefix, &self.name_of(member));
            self.value(&key, member.shape, &member.wire, value);
        }
    }

    fn name_of(&self, member: &Member) -> Cow<'static, str> {
        if !self.ec2 && member.wire.flattened {
            return super::xml::flattened_name(self.service, Names::Query, member).into();
        }
        name_of(self.ec2, member)
    }

    fn value(&mut self, key: &str, shape: ShapeId, wire: &Wire, value: &Value) {
        let service = self.service;
        match (value, &service.shape(shape).kind) {
            (Value::Structure(members), Kind::Structure(structure)) => self.members(key, structure, members),
            (Value::List(items), Kind::List { .. }) if items.is_empty() && !self.ec2 => {
                form::push(&mut self.out, key, "")
            }
            (Value::List(items), Kind::List { member }) => {
                let flat = self.ec2 || wire.flattened;
                let item = Names::Query.of(&member.wire).unwrap_or("member");
                let base = if flat { key.to_owned() } else { join(key, item) };
                for (index, value) in items.iter().enumerate() {
                    self.value(&format!("{base}.{}", index + 1), member.shape, &member.wire, value);
                }
            }
            (Value::Map(entries), Kind::Map { key: of_key, value: of_value }) => {
                let base = if wire.flattened { key.to_owned() } else { join(key, "entry") };
                for (index, (name, value)) in entries.iter().enumerate() {
                    let entry = format!("{base}.{}", index + 1);
                    let key = join(&entry, Names::Query.of(&of_key.wire).unwrap_or("key"));
                    form::push(&mut self.out, &key, name);
                    let key = join(&entry, Names::Query.of(&of_value.wire).unwrap_or("value"));
                    self.value(&key, of_value.shape, &of_value.wire, value);
                }
            }
            _ => {
                let text = scalar_text(value, wire.timestamp_format.unwrap_or(TimestampFormat::Iso8601));
                form::push(&mut self.out, key, &text);
            }
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
