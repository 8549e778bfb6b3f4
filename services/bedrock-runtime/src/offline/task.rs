//! What a prompt asks for, of which text, and in which language.

use super::language::Language;
use super::{answer, extract, keyword, sentiment, summary, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Summarize,
    Keywords,
    Sentiment,
    Extract,
    /// Anything else: the sentences that have most to do with it.
    Answer,
}

/// What words of an instruction begin with, in the order in which they are looked for.
const RECOGNISED: [(Task, &[&str]); 4] = [
    (Task::Summarize, &["summar", "tl;dr", "tldr", "resum"]),
    (Task::Keywords, &["keyword", "key word", "palabras clave", "palabra clave"]),
    (Task::Sentiment, &["sentiment", "sentimient", "classif", "clasific"]),
    (Task::Extract, &["extract", "extrae", "extrai"]),
];

/// Who speaks, at the beginning of a line of a conversation. Said to the model, not part of what it is said.
const SPEAKERS: [&str; 8] = ["user:", "usuario:", "human:", "system:", "bot:", "assistant:", "asistente:", "ai:"];
/// An instruction is short: what is longer is the text that it is about.
const LONGEST_INSTRUCTION: usize = 300;

/// A prompt, understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Prompt {
    pub task: Task,
    /// The instruction or the question; empty where there is none.
    pub asked: String,
    /// What it is about; empty where the prompt holds nothing else.
    pub about: String,
}

/// What there is to say to a prompt. `system` may say what to do with it, and a prompt that holds nothing but an
/// instruction or a question is about what was said `earlier`.
pub fn respond_within(system: &str, earlier: &str, prompt: &str) -> String {
    let mut prompt = understand(prompt);
    if prompt.about.is_empty() {
        earlier.clone_into(&mut prompt.about);
    }
    let is_instructed = instruction(&prompt.asked).is_some();
    if !is_instructed
        && let Some((asked, task)) = text::sentences(system).into_iter().find_map(|it| Some((it, instruction(it)?)))
    {
        let about = format!("{}\n{}", prompt.asked, prompt.about).trim().to_owned();
        prompt = Prompt { task, asked: asked.to_owned(), about };
    }
    answer_to(&prompt)
}

fn answer_to(prompt: &Prompt) -> String {
    let all = format!("{} {}", prompt.asked, prompt.about);
    let language = Language::of(text::words(&all).iter().map(String::as_str));
    match prompt.task {
        Task::Summarize => summary::of(&prompt.about, language),
        Task::Keywords => keyword::answer(&prompt.about, language),
        Task::Sentiment => sentiment::answer(&prompt.about, language),
        Task::Extract => extract::answer(&prompt.about, language),
        Task::Answer => answer::of(&prompt.asked, &prompt.about, language),
    }
}

pub fn understand(prompt: &str) -> Prompt {
    let lines: Vec<&str> = prompt.lines().map(without_speaker).filter(|it| !it.is_empty()).collect();
    // `Summarize this: text`, or an instruction on a line of its own.
    let at_colon = lines.first().and_then(|it| it.split_once(':'));
    if let Some((head, tail)) = at_colon
        && let Some(task) = instruction(head)
    {
        let about = std::iter::once(tail.trim()).chain(lines[1..].iter().copied()).collect::<Vec<_>>().join("\n");
        return Prompt { task, asked: head.to_owned(), about: about.trim().to_owned() };
    }
    let text = lines.join("\n");
    let sentences = text::sentences(&text);
    // What is asked stands before the text or after it.
    let ends = sentences.iter().take(1).chain(sentences.iter().skip(1).last());
    for candidate in ends {
        if let Some(task) = instruction(candidate) {
            return Prompt { task, asked: (*candidate).to_owned(), about: without(&text, candidate) };
        }
    }
    let question = sentences.iter().rev().find(|it| it.ends_with('?'));
    match (question, sentences.len()) {
        (Some(question), _) => {
            Prompt { task: Task::Answer, asked: (*question).to_owned(), about: without(&text, question) }
        }
        (None, 0 | 1) => Prompt { task: Task::Answer, asked: text, about: String::new() },
        (None, _) => Prompt { task: Task::Summarize, asked: String::new(), about: text },
    }
}

/// The task, if a sentence is an instruction.
fn instruction(sentence: &str) -> Option<Task> {
    if sentence.len() > LONGEST_INSTRUCTION {
        return None;
    }
    let sentence = sentence.to_lowercase();
    let begins = |start: &&str| {
        let mut places = sentence.match_indices(*start);
        places.any(|(at, _)| !sentence[..at].ends_with(char::is_alphanumeric))
    };
    RECOGNISED.iter().find(|(_, starts)| starts.iter().any(&begins)).map(|(task, _)| *task)
}

fn without_speaker(line: &str) -> &str {
    let line = line.trim();
    let spoken = SPEAKERS.iter().find_map(|it| {
        let (head, rest) = line.split_at_checked(it.len())?;
        head.eq_ignore_ascii_case(it).then_some(rest)
    });
    spoken.unwrap_or(line).trim()
}

fn without(text: &str, sentence: &str) -> String {
    let (before, after) = text.split_once(sentence).unwrap_or((text, ""));
    format!("{}\n{}", before.trim(), after.trim()).trim().to_owned()
}
