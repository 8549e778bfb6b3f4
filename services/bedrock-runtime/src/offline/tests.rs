//! A table of prompts and answers, and what holds of all of them.

use super::task::{self, Task};
use super::{Completion, Ended, count, embed, text, token};
use proptest::prelude::*;

const REVIEW: &str = "The fog machine arrived on Monday. The fog machine fills the stage with fog in a minute. \
    My cat slept. I love how quiet the machine is, and the support was great.";

fn complete(prompt: &str, most_tokens: usize, stops: &[String]) -> Completion {
    super::complete(&task::respond_within("", "", prompt), most_tokens, stops)
}

fn said(prompt: &str) -> String {
    let completion = complete(prompt, 1000, &[]);
    assert_eq!(completion.ended, Ended::Finished);
    completion.text
}

#[test]
fn prompts_are_understood() {
    let check = |prompt: &str, task, about: &str| {
        let understood = task::understand(prompt);
        assert_eq!((understood.task, understood.about.as_str()), (task, about), "{prompt}");
    };
    check("Summarize this: One. Two.", Task::Summarize, "One. Two.");
    check("User: Resume el texto siguiente.\nUno. Dos.\nBot:", Task::Summarize, "Uno. Dos.");
    check("Classify the sentiment: I am happy", Task::Sentiment, "I am happy");
    check("Me gusta. ¿Cuál es el sentimiento?", Task::Sentiment, "Me gusta.");
    check("Palabras clave: niebla y mar", Task::Keywords, "niebla y mar");
    check("Extract the names: Ana met Bob", Task::Extract, "Ana met Bob");
    check("Fog is low cloud. What is fog?", Task::Answer, "Fog is low cloud.");
    check("User: What is fog?\nBot:", Task::Answer, "");
    check("One sentence. And another one.", Task::Summarize, "One sentence. And another one.");
}

#[test]
fn answers_come_from_the_input() {
    assert_eq!(said(&format!("Summarize: {REVIEW}")), "The fog machine arrived on Monday.");
    assert!(said(&format!("Keywords: {REVIEW}")).starts_with("fog, machine"));
    assert_eq!(said(&format!("Sentiment: {REVIEW}")), "Sentiment: positive (love, great)");
    assert_eq!(
        said("Sentiment: It is not good and never worked, what a waste"),
        "Sentiment: negative (not good, waste)"
    );
    assert_eq!(
        said("Clasifica el sentimiento: Llegó roto y con retraso, fatal"),
        "Sentimiento: negativo (roto, retraso, fatal)"
    );
    assert_eq!(
        said("Extract: Ana Ruiz paid $40 to bob@example.com on 2026-01-02."),
        "- Ana Ruiz\n- $40\n- bob@example.com\n- 2026-01-02"
    );
    assert_eq!(said(&format!("{REVIEW} Where did the cat sleep? ")), "My cat slept.");
    assert!(said("¿Qué es la niebla?").starts_with("La entrada no dice nada más sobre: niebla."));
    assert_ne!(said("What is fog?"), said("What is rain?"));
}

#[test]
fn limits_and_stop_sequences_end_an_answer() {
    let short = complete("Tell me all about fog.", 3, &[]);
    assert_eq!((short.tokens, short.ended), (3, Ended::TooLong));
    assert_eq!(complete("What is fog?", 0, &[]).text, "");
    let stopped = complete("Keywords: one thing, two things", 100, &["two".to_owned(), String::new()]);
    assert!(!stopped.text.contains("two"));
    assert_eq!(stopped.ended, Ended::Stopped("two".to_owned()));
}

#[test]
fn a_system_prompt_may_instruct_and_an_earlier_turn_may_be_meant() {
    let sentiment = task::respond_within("You are kind. Classify the sentiment of each message.", "", "I love it.");
    assert_eq!(sentiment, "Sentiment: positive (love)");
    let earlier = "The ferry leaves at nine. The museum is closed on Mondays.";
    assert_eq!(task::respond_within("", earlier, "When does the ferry leave?"), "The ferry leaves at nine.");
}

#[test]
fn similar_texts_are_near_each_other() {
    let near = |a: &str, b: &str| embed(a, 1024).iter().zip(embed(b, 1024)).map(|(a, b)| a * b).sum::<f64>();
    let fog = "The fog machine fills the stage with fog";
    assert!((near(fog, fog) - 1.0).abs() < 1e-9);
    assert!(near(fog, "A machine that fills stages with fog") > 0.5);
    assert!(near(fog, "Invoices are paid within thirty days").abs() < 0.2);
    assert!(near("invoice payment", "Invoices and their payments") > near("invoice payment", fog) + 0.3);
    assert!(embed("", 256).iter().all(|it| *it == 0.0));
}

#[test]
fn tokens_are_pieces_of_words() {
    for (text, tokens) in [("", 0), ("  ", 0), ("fog", 1), ("niebla.", 2), ("mountain fog", 3), ("¿Qué?", 3)] {
        assert_eq!(count(text), tokens, "{text}");
    }
    assert_eq!(token::cut("one two three ", 2), ("one two", 2));
    assert_eq!(token::cut("one two ", 2), ("one two ", 2));
}

proptest! {
    #[test]
    fn an_answer_keeps_its_limits_and_is_always_the_same(prompt in ".{0,200}", most in 0usize..40, stop in "[a-e ]{1,2}") {
        let stops = vec![stop.clone()];
        let (one, two) = (complete(&prompt, most, &stops), complete(&prompt, most, &stops));
        prop_assert!(one.tokens <= most);
        prop_assert_eq!(count(&one.text), one.tokens);
        prop_assert!(!one.text.contains(&stop));
        prop_assert_eq!((one.text, one.ended), (two.text, two.ended));
    }

    #[test]
    fn the_sentences_of_a_summary_are_those_of_the_text(about in "([A-Za-zñ ]{1,20}[.!?] ){1,12}") {
        let sentences = text::sentences(&about);
        let summary = task::respond_within("", "", &format!("Summarize this: {about}"));
        if !sentences.is_empty() {
            for it in text::sentences(&summary) {
                prop_assert!(sentences.contains(&it), "{} is not in {}", it, about);
            }
        }
    }

    #[test]
    fn a_longer_limit_only_adds_to_an_answer(prompt in ".{0,100}", most in 0usize..40) {
        let (short, long) = (complete(&prompt, most, &[]), complete(&prompt, most + 1, &[]));
        prop_assert!(long.text.starts_with(&short.text));
    }
}
