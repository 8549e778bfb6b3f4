//! Scenarios through the door, with the offline model and with a server that answers as the test says.

mod converse;
mod invoke;
mod served;

use api::bedrock_runtime::InvokeModel;
use bytes::Bytes;
use kernel::driver::{
    Drivers, FunctionSpec, Functions, Http, HttpAnswer, HttpCall, LogSink, ModelServer, Sandbox, StartError,
};
use kernel::{
    Answer, BoxFuture, Caller, Clock, Cloud, Entropy, Identity, IdentityPolicy, Kernel, PolicyText, Principal, Service,
    Settings,
};
use model::typed::Operation;
use model::{Error, Result, Timestamp, Value};
use serde_json::Value as Json;
use std::sync::{Arc, Mutex};
use store::Store;

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "bedrock:InvokeModel",
    "Resource": "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-express-v1"}]}"#;

struct NoFunctions;

impl Functions for NoFunctions {
    fn start(&self, _: FunctionSpec, _: LogSink) -> BoxFuture<Result<Box<dyn Sandbox>, StartError>> {
        unreachable!("nothing here runs a function")
    }
}

/// URL, body and headers.
type Asked = (String, Json, Vec<(String, String)>);

/// A model server: what it was asked last, and what it answers.
#[derive(Default)]
struct Server {
    asked: Mutex<Option<Asked>>,
    answer: Mutex<Option<Result<(u16, String), String>>>,
}

impl Http for Server {
    fn send(&self, call: HttpCall) -> BoxFuture<Result<HttpAnswer, String>> {
        let body = serde_json::from_slice(&call.body).unwrap();
        *self.asked.lock().unwrap() = Some((call.url, body, call.headers));
        let answer = self.answer.lock().unwrap().clone().expect("the test says what is answered");
        Box::pin(async move {
            let (status, body) = answer?;
            Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::from(body) })
        })
    }
}

fn cloud() -> Cloud {
    world(Arc::default(), None)
}

/// With a server that answers for Claude as `big`, for Titan Embeddings as `vectors`, and for nothing else.
fn served(answer: std::result::Result<(u16, &str), &str>) -> (Cloud, Arc<Server>) {
    let server = Arc::new(Server::default());
    let answer = answer.map(|(status, body)| (status, body.to_owned())).map_err(str::to_owned);
    *server.answer.lock().unwrap() = Some(answer);
    let name = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let models = vec![
        name("anthropic.*", "small"),
        name("anthropic.claude-3-haiku-20240307-v1:0", "big"),
        name("amazon.titan-embed-*", "vectors"),
    ];
    let model_server = ModelServer { url: "http://models.test/v1".to_owned(), key: Some("k".to_owned()), models };
    (world(server.clone(), Some(model_server)), server)
}

fn world(server: Arc<Server>, model_server: Option<ModelServer>) -> Cloud {
    let drivers = Drivers { functions: Arc::new(NoFunctions), http: server };
    let settings = Settings { endpoint: "http://127.0.0.1:4566".to_owned(), version: "test", model_server };
    let iam = Service::new("iam").identities(|_, _| {
        let text = PolicyText::Inline(POLICY.to_owned());
        let policies = vec![IdentityPolicy { name: "inline".to_owned(), text }];
        Identity { policies, ..Identity::default() }
    });
    let clock = Clock::frozen(Timestamp(1_800_000_000_000));
    let services = vec![crate::service(), iam];
    let kernel = Kernel::new(Store::ephemeral(), clock, Entropy::seeded(1), drivers, settings, services);
    kernel.cloud(Arc::new(Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned())))
}

fn input(model: &str, body: &str) -> InvokeModel {
    let body = Some(body.to_owned().into_bytes().into());
    InvokeModel { model_id: model.to_owned(), body, ..InvokeModel::default() }
}

/// The answer of InvokeModel as JSON.
async fn ask(cloud: &Cloud, model: &str, body: Json) -> Result<Json> {
    let output = cloud.call(input(model, &body.to_string())).await?;
    Ok(serde_json::from_slice(&output.body).unwrap())
}

/// The events of an operation that streams, each as (name, value), and how the stream ended.
async fn events<I: Operation>(cloud: &Cloud, input: I) -> Result<(Vec<Value>, Option<Error>)> {
    let kernel = cloud.kernel();
    let named = kernel.entry(I::SERVICE, I::NAME)?;
    let Answer::Stream(mut stream) = kernel.answer(cloud.caller().clone(), &named, input.into_value(), None).await?
    else {
        panic!("{} does not stream", I::NAME)
    };
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            None => return Ok((events, None)),
            Some(Err(error)) => return Ok((events, Some(error))),
            Some(Ok(event)) => events.push(event),
        }
    }
}

/// An operation's input from JSON in the names of its model.
fn from_json<I: Operation>(json: &Json) -> I {
    let service = model::service(I::SERVICE).unwrap();
    let shape = service.operation(I::NAME).unwrap().input.unwrap();
    I::from_value(model::wire::read_json(service, shape, json.to_string().as_bytes()).unwrap())
}

fn to_json(value: &Value) -> Json {
    model::wire::document_to_json(value)
}
