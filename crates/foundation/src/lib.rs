//! The foundation models of Amazon Bedrock: one table, read by the service that lists them and by the one that serves them.
//!
//! Sources: "Supported foundation models" in the Amazon Bedrock user guide, and what ListFoundationModels of us-east-1
//! answers. Regions offer different models; here every region offers all of them.

use Modality::{Embedding, Image, Text, Video};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    pub id: &'static str,
    pub name: &'static str,
    pub provider: &'static str,
    pub input: &'static [Modality],
    pub output: &'static [Modality],
    /// Not stated of models whose answers are no text.
    pub streaming: Option<bool>,
    pub customizations: &'static [&'static str],
    pub throughput: Throughput,
    /// There is a better one, and this one will go.
    pub legacy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    Text,
    Image,
    Video,
    Embedding,
}

/// By what identifier a model can be called without buying throughput for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throughput {
    /// Its own.
    OnDemand,
    /// That of an inference profile: `us.` before its own.
    Profile,
    Both,
}

impl Modality {
    pub const fn name(self) -> &'static str {
        match self {
            Text => "TEXT",
            Image => "IMAGE",
            Video => "VIDEO",
            Embedding => "EMBEDDING",
        }
    }
}

impl Throughput {
    /// The inference types of the API.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Throughput::OnDemand => &["ON_DEMAND"],
            Throughput::Profile => &["INFERENCE_PROFILE"],
            Throughput::Both => &["ON_DEMAND", "INFERENCE_PROFILE"],
        }
    }
}

impl Model {
    pub fn answers_in(&self, modality: Modality) -> bool {
        self.output.contains(&modality)
    }

    pub fn reads(&self, modality: Modality) -> bool {
        self.input.contains(&modality)
    }
}

pub fn find(id: &str) -> Option<&'static Model> {
    MODELS.binary_search_by(|it| it.id.cmp(id)).ok().map(|index| &MODELS[index])
}

/// Reads text and answers in text, as it comes.
const fn model(id: &'static str, name: &'static str, provider: &'static str) -> Model {
    let (input, output) = (&[Text], &[Text]);
    let (streaming, throughput) = (Some(true), Throughput::OnDemand);
    Model { id, name, provider, input, output, streaming, customizations: &[], throughput, legacy: false }
}

impl Model {
    const fn reading(mut self, input: &'static [Modality]) -> Model {
        self.input = input;
        self
    }

    const fn answering(mut self, output: &'static [Modality]) -> Model {
        self.output = output;
        self.streaming = None;
        self
    }

    const fn by(mut self, throughput: Throughput) -> Model {
        self.throughput = throughput;
        self
    }

    const fn tuned(mut self) -> Model {
        self.customizations = &["FINE_TUNING"];
        self
    }

    const fn legacy(mut self) -> Model {
        self.legacy = true;
        self
    }
}

/// In the order of their ids.
pub static MODELS: [Model; 58] = [
    model("ai21.jamba-1-5-large-v1:0", "Jamba 1.5 Large", "AI21 Labs"),
    model("ai21.jamba-1-5-mini-v1:0", "Jamba 1.5 Mini", "AI21 Labs"),
    model("amazon.nova-2-lite-v1:0", "Nova 2 Lite", "Amazon").reading(&[Text, Image, Video]).by(Throughput::Profile),
    model("amazon.nova-canvas-v1:0", "Nova Canvas", "Amazon").reading(&[Text, Image]).answering(&[Image]),
    model("amazon.nova-lite-v1:0", "Nova Lite", "Amazon").reading(&[Text, Image, Video]).by(Throughput::Both),
    model("amazon.nova-micro-v1:0", "Nova Micro", "Amazon").by(Throughput::Both),
    model("amazon.nova-premier-v1:0", "Nova Premier", "Amazon").reading(&[Text, Image, Video]).by(Throughput::Profile),
    model("amazon.nova-pro-v1:0", "Nova Pro", "Amazon").reading(&[Text, Image, Video]).by(Throughput::Both),
    model("amazon.nova-reel-v1:0", "Nova Reel", "Amazon").reading(&[Text, Image]).answering(&[Video]),
    model("amazon.titan-embed-image-v1", "Titan Multimodal Embeddings G1", "Amazon")
        .reading(&[Text, Image])
        .answering(&[Embedding]),
    model("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", "Amazon").answering(&[Embedding]),
    model("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", "Amazon").answering(&[Embedding]),
    model("amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", "Amazon")
        .reading(&[Text, Image])
        .answering(&[Image])
        .tuned(),
    model("amazon.titan-text-express-v1", "Titan Text G1 - Express", "Amazon").legacy(),
    model("amazon.titan-text-lite-v1", "Titan Text G1 - Lite", "Amazon").legacy(),
    model("amazon.titan-text-premier-v1:0", "Titan Text G1 - Premier", "Amazon").legacy(),
    model("anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Both),
    model("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Both)
        .legacy(),
    model("anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Both)
        .legacy(),
    model("anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile)
        .legacy(),
    model("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", "Anthropic").reading(&[Text, Image]),
    model("anthropic.claude-3-sonnet-20240229-v1:0", "Claude 3 Sonnet", "Anthropic").reading(&[Text, Image]).legacy(),
    model("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("anthropic.claude-opus-4-5-20251101-v1:0", "Claude Opus 4.5", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", "Anthropic")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("cohere.command-r-plus-v1:0", "Command R+", "Cohere"),
    model("cohere.command-r-v1:0", "Command R", "Cohere"),
    model("cohere.embed-english-v3", "Embed English", "Cohere").answering(&[Embedding]),
    model("cohere.embed-multilingual-v3", "Embed Multilingual", "Cohere").answering(&[Embedding]),
    model("deepseek.r1-v1:0", "DeepSeek-R1", "DeepSeek").by(Throughput::Profile),
    model("google.gemma-3-12b-it", "Gemma 3 12B IT", "Google").reading(&[Text, Image]),
    model("google.gemma-3-4b-it", "Gemma 3 4B IT", "Google").reading(&[Text, Image]),
    model("meta.llama3-1-405b-instruct-v1:0", "Llama 3.1 405B Instruct", "Meta").by(Throughput::Both),
    model("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct", "Meta").by(Throughput::Both),
    model("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", "Meta").by(Throughput::Both),
    model("meta.llama3-2-11b-instruct-v1:0", "Llama 3.2 11B Instruct", "Meta")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("meta.llama3-2-1b-instruct-v1:0", "Llama 3.2 1B Instruct", "Meta").by(Throughput::Profile),
    model("meta.llama3-2-3b-instruct-v1:0", "Llama 3.2 3B Instruct", "Meta").by(Throughput::Profile),
    model("meta.llama3-2-90b-instruct-v1:0", "Llama 3.2 90B Instruct", "Meta")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", "Meta").by(Throughput::Both),
    model("meta.llama3-70b-instruct-v1:0", "Llama 3 70B Instruct", "Meta"),
    model("meta.llama3-8b-instruct-v1:0", "Llama 3 8B Instruct", "Meta"),
    model("meta.llama4-maverick-17b-instruct-v1:0", "Llama 4 Maverick 17B Instruct", "Meta")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("meta.llama4-scout-17b-instruct-v1:0", "Llama 4 Scout 17B Instruct", "Meta")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", "Mistral AI"),
    model("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)", "Mistral AI"),
    model("mistral.mistral-large-2407-v1:0", "Mistral Large (24.07)", "Mistral AI"),
    model("mistral.mistral-small-2402-v1:0", "Mistral Small (24.02)", "Mistral AI"),
    model("mistral.mixtral-8x7b-instruct-v0:1", "Mixtral 8x7B Instruct", "Mistral AI"),
    model("mistral.pixtral-large-2502-v1:0", "Pixtral Large (25.02)", "Mistral AI")
        .reading(&[Text, Image])
        .by(Throughput::Profile),
    model("openai.gpt-oss-120b-1:0", "gpt-oss-120b", "OpenAI"),
    model("openai.gpt-oss-20b-1:0", "gpt-oss-20b", "OpenAI"),
    model("qwen.qwen3-32b-v1:0", "Qwen3 32B (dense)", "Qwen"),
    model("qwen.qwen3-coder-30b-a3b-v1:0", "Qwen3-Coder-30B-A3B-Instruct", "Qwen"),
    model("writer.palmyra-x4-v1:0", "Palmyra X4", "Writer").by(Throughput::Profile),
    model("writer.palmyra-x5-v1:0", "Palmyra X5", "Writer").by(Throughput::Profile),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_their_ids() {
        assert!(MODELS.is_sorted_by(|a, b| a.id < b.id));
        for model in &MODELS {
            assert_eq!(find(model.id), Some(model));
            assert!(model.id.split_once('.').is_some_and(|(provider, rest)| !provider.is_empty() && !rest.is_empty()));
        }
        assert_eq!(find("amazon.no-such-model-v1"), None);
    }
}
