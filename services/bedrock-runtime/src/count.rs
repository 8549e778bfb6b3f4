//! CountTokens: what a request would count, without asking a model.

use crate::{converse, dialect, identifier, schema};
use api::bedrock_runtime::{CountTokens, CountTokensOutput, error};
use kernel::Cx;
use model::Result;

pub fn count(cx: &Cx, input: CountTokens) -> Result<CountTokensOutput> {
    let model = identifier::find(&cx.caller().region, &input.model_id)?;
    let dialect = dialect::of(model);
    let Some(dialect) = dialect else {
        return Err(error::VALIDATION.with("The provided model doesn't support counting tokens."));
    };
    let chat = match &input.input.invoke_model {
        Some(request) => (dialect.read)(&schema::parse(&request.body)?, model)?,
        None => converse::read(&converse::body_of(input)["input"]["converse"])?,
    };
    Ok(CountTokensOutput { input_tokens: chat.tokens() })
}
